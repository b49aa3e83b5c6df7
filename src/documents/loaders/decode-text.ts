import { MillraceError } from "../../core/errors.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** UTF-8 bytes as text, without a byte order mark; any other encoding is an error, never garbage. */
export function decodeText(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    const isUtf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
    throw new MillraceError(
      "DOCUMENT_NOT_UTF8",
      isUtf16 ? "The file is UTF-16, not UTF-8." : "The file is not valid UTF-8.",
      {
        hint: "Save it as UTF-8.",
        cause,
      },
    );
  }
}

/** For files whose name promises nothing: anything that could be binary is refused. */
export function decodeUnknown(bytes: Uint8Array): string {
  if (!bytes.includes(0)) {
    try {
      return utf8.decode(bytes);
    } catch {
      // The error below says the same of both.
    }
  }
  throw new MillraceError("DOCUMENT_NOT_TEXT", "The file is not a text file.", {
    hint: "Name the extensions you want in the pattern, for example ./docs/**/*.{md,html}.",
  });
}
