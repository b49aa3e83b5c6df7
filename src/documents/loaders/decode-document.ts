import { DecodeError, type DecodeOptions, decodeText } from "../../core/decode-text.ts";
import { MillraceError } from "../../core/errors.ts";

/** The text of a file or page. What cannot be decoded is an error with the way out, never garbage. */
export function decodeDocument(bytes: Uint8Array, options: DecodeOptions = {}, what = "file"): string {
  try {
    return decodeText(bytes, options);
  } catch (cause) {
    if (!(cause instanceof DecodeError)) throw cause;
    throw new MillraceError("DOCUMENT_NOT_UTF8", `The ${what} is ${cause.message}.`, {
      hint: "Save it as UTF-8.",
      cause,
    });
  }
}

/** For files whose name promises nothing: anything that could be binary is refused. */
export function decodeUnknown(bytes: Uint8Array, options: DecodeOptions = {}): string {
  try {
    const text = decodeText(bytes, options);
    if (!text.includes("\0")) return text;
  } catch (cause) {
    if (!(cause instanceof DecodeError)) throw cause;
  }
  throw new MillraceError("DOCUMENT_NOT_TEXT", "The file is not a text file.", {
    hint: "Name the extensions you want in the pattern, for example ./docs/**/*.{md,html}.",
  });
}
