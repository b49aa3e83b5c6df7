import { isUtf8 } from "node:buffer";

export interface DecodeOptions {
  /** The encoding that the author declares; only a byte order mark overrides it. */
  readonly encoding?: string | undefined;
  /** What the bytes or their sender claim to be; unknown names are ignored. */
  readonly declared?: readonly (string | undefined)[] | undefined;
}

/** Bytes that are no text, or one in another encoding. The message goes on after "The file is". */
export class DecodeError extends Error {
  override readonly name = "DecodeError";
}

/** True for the names that browsers know: utf-8, windows-1252, shift_jis, gb18030 … */
export function isEncoding(label: string): boolean {
  return nameOf(label) !== undefined;
}

/** True for encodings in which a line feed is two bytes. */
export function isUtf16(label: string | undefined): boolean {
  return label !== undefined && nameOf(label)?.startsWith("utf-16") === true;
}

/** Whether bytes begin with the byte order mark of UTF-16. */
export function startsAsUtf16(bytes: Uint8Array): boolean {
  return (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
}

/** Bytes as text without a byte order mark. What they are not known to be is an error, never garbage. */
export function decodeText(bytes: Uint8Array, options: DecodeOptions = {}): string {
  const { encoding, start } = findEncoding(bytes, options);
  return decodeAs(bytes.subarray(start), encoding);
}

/** The same for bytes that come in pieces; nothing of them is kept but the end of the last piece. */
export async function* decodeChunks(
  chunks: AsyncIterable<Uint8Array>,
  options: DecodeOptions = {},
): AsyncGenerator<string> {
  let decoder: InstanceType<typeof TextDecoder> | undefined;
  let encoding = "utf-8";
  let line = 1;
  const decode = (chunk?: Uint8Array) => {
    try {
      return withQuotes(decoder?.decode(chunk, { stream: chunk !== undefined }) ?? "", encoding);
    } catch {
      throw new DecodeError(describe(encoding, line + (chunk === undefined ? 0 : firstBrokenLine(chunk))));
    }
  };
  for await (const chunk of chunks) {
    let start = 0;
    if (decoder === undefined) {
      ({ encoding, start } = findEncoding(chunk, options));
      decoder = new TextDecoder(encoding, { fatal: true, ignoreBOM: true });
    }
    const text = decode(chunk.subarray(start));
    yield text;
    line += text.split("\n").length - 1;
  }
  yield decode();
}

const BYTE_ORDER_MARKS = [
  ["utf-8", [0xef, 0xbb, 0xbf]],
  // Before UTF-16, whose mark it begins with.
  ["utf-32", [0xff, 0xfe, 0, 0]],
  ["utf-32", [0, 0, 0xfe, 0xff]],
  ["utf-16le", [0xff, 0xfe]],
  ["utf-16be", [0xfe, 0xff]],
] as const;

/** What the bytes are, and where the text begins. */
function findEncoding(bytes: Uint8Array, { encoding, declared = [] }: DecodeOptions) {
  const mark = BYTE_ORDER_MARKS.find(([, signature]) => signature.every((byte, index) => bytes[index] === byte));
  if (mark?.[0] === "utf-32") throw new DecodeError("UTF-32, which nothing here reads");
  if (mark !== undefined) return { encoding: mark[0], start: mark[1].length };
  const known = [encoding, ...declared].map((label) => (label === undefined ? undefined : nameOf(label)));
  const chosen = known.find((name) => name !== undefined);
  if (chosen === undefined) refuseUtf16(bytes);
  return { encoding: chosen ?? "utf-8", start: 0 };
}

const SAMPLE_BYTES = 4_096;

// As UTF-8 such bytes are valid: a letter, U+0000, a letter, U+0000. A text may hold one, but not at every second place.
function refuseUtf16(bytes: Uint8Array): void {
  const sample = bytes.subarray(0, SAMPLE_BYTES);
  const zeros = [0, 0];
  sample.forEach((byte, index) => {
    if (byte === 0) zeros[index % 2] = (zeros[index % 2] ?? 0) + 1;
  });
  const [even = 0, odd = 0] = zeros;
  const [most, least] = [Math.max(even, odd), Math.min(even, odd)];
  if (most < 2 || most < sample.length / 40 || least > most / 4) return;
  const name = odd > even ? "utf-16le" : "utf-16be";
  throw new DecodeError(`${name.toUpperCase()} without a byte order mark, it seems, and not UTF-8`);
}

function nameOf(label: string): string | undefined {
  try {
    return new TextDecoder(label).encoding;
  } catch {
    return undefined;
  }
}

function decodeAs(bytes: Uint8Array, encoding: string): string {
  try {
    const text = new TextDecoder(encoding, { fatal: true, ignoreBOM: true }).decode(bytes);
    return withQuotes(text, encoding);
  } catch {
    throw new DecodeError(describe(encoding));
  }
}

function describe(encoding: string, line?: number): string {
  return `not valid ${encoding.startsWith("utf-") ? encoding.toUpperCase() : encoding}${line === undefined ? "" : ` (line ${line})`}`;
}

/** Lines before the first one that is not UTF-8. */
function firstBrokenLine(chunk: Uint8Array): number {
  let lines = 0;
  let start = 0;
  // A character may have begun in the piece before.
  while (start < 3 && ((chunk[start] ?? 0) & 0xc0) === 0x80) start += 1;
  for (let end = chunk.indexOf(10, start); end !== -1; end = chunk.indexOf(10, start)) {
    if (!isUtf8(chunk.subarray(start, end))) break;
    start = end + 1;
    lines += 1;
  }
  return lines;
}

// U+0080 to U+009F as Windows-1252 has them. Some versions of Node decode it as if it were Latin-1.
const WINDOWS_1252 = "€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008DŽ\u008F\u0090‘’“”•–—˜™š›œ\u009DžŸ";

function withQuotes(text: string, encoding: string): string {
  if (encoding !== "windows-1252") return text;
  // oxlint-disable-next-line no-control-regex -- control characters are what this looks for
  return text.replace(/[\u0080-\u009F]/g, (character) => WINDOWS_1252[character.charCodeAt(0) - 0x80] ?? character);
}
