import { findRepeatedKey, JsonNumber, parseJsonAsWritten, withoutSpelling } from "../../core/json.ts";
import { storableText } from "../../core/text.ts";
import { createReadStream } from "node:fs";
import { MillraceError } from "../../core/errors.ts";
import { cleanJson, tidyTitle } from "../record/clean-value.ts";
import { decodeChunks, isUtf16, startsAsUtf16 } from "../../core/decode-text.ts";
import { decodeDocument } from "./decode-document.ts";
import type { LoadedDocument } from "./loaded-document.ts";

const MAX_LINE_BYTES = 64 * 1024 * 1024;

export interface JsonlRecord {
  readonly line: string;
  readonly recordId: string | undefined;
  readonly url: string | undefined;
  readonly document: LoadedDocument;
}

export interface JsonlOptions {
  /** Unless it is UTF-8. */
  readonly encoding?: string | undefined;
}

/** One line of a file: its bytes, or undefined where it is longer than a document may be. */
export interface JsonlLine {
  readonly number: number;
  readonly bytes: Uint8Array | undefined;
}

/** The lines of a file of any size, one at a time; only a line feed ends one. */
export async function* readJsonlLines(file: string, options: JsonlOptions = {}): AsyncGenerator<JsonlLine> {
  let parts: Buffer[] = [];
  let size = 0;
  let number = 0;
  const finish = (): JsonlLine => {
    const line = { number: ++number, bytes: size > MAX_LINE_BYTES ? undefined : Buffer.concat(parts) };
    parts = [];
    size = 0;
    return line;
  };
  for await (const chunk of splittable(createReadStream(file, { highWaterMark: 256 * 1024 }), options)) {
    let start = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
      add(chunk.subarray(start, end));
      yield finish();
      start = end + 1;
    }
    add(chunk.subarray(start));
  }
  if (size > 0) yield finish();

  function add(part: Buffer): void {
    size += part.length;
    if (size <= MAX_LINE_BYTES) parts.push(part);
    else parts = [];
  }
}

// In UTF-16 a line feed is two bytes, one of which also occurs in other characters; elsewhere it is one unique byte.
async function* splittable(chunks: AsyncIterable<Buffer>, { encoding }: JsonlOptions): AsyncGenerator<Buffer> {
  const iterator = chunks[Symbol.asyncIterator]();
  try {
    const { value: first, done } = await iterator.next();
    if (done === true) return;
    const pieces = joined(first, iterator);
    if (isUtf16(encoding) || startsAsUtf16(first))
      for await (const text of decodeChunks(pieces, { encoding })) yield Buffer.from(text);
    else yield* pieces;
  } finally {
    await iterator.return?.();
  }
}

async function* joined(first: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  yield first;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
}

/** A line as a document; undefined for a blank one. */
export function parseJsonlLine({ number, bytes }: JsonlLine, { encoding }: JsonlOptions = {}): JsonlRecord | undefined {
  if (bytes === undefined) throw invalid(number, `is longer than ${MAX_LINE_BYTES / 1024 / 1024} MB`);
  const line = decodeLine(bytes, encoding).trim();
  if (line === "") return undefined;
  const { id, title, content, text, url, ...rest } = parseObject(line, number);
  const body = content ?? text;
  // Of two texts the one that is not the document's is metadata like any other field.
  if (body === content && text !== undefined) rest["text"] = text;
  if (typeof body !== "string") throw invalid(number, 'needs its text in "content" or "text"');
  const recordId = optionalText(id, "id", number);
  const cleaned = cleanJson(rest);
  if (cleaned === undefined) throw invalid(number, "is nested too deeply");
  return {
    line,
    recordId,
    url: optionalText(url, "url", number),
    document: {
      title: tidyTitle(optionalText(title, "title", number) ?? ""),
      content: storableText(body),
      contentType: "text/plain",
      metadata: withoutSpelling(cleaned) as Record<string, unknown>,
    },
  };
}

/** The text of a line: those of a file in UTF-16 have been made UTF-8 before they were split. */
function decodeLine(bytes: Uint8Array, encoding: string | undefined): string {
  return decodeDocument(bytes, isUtf16(encoding) ? {} : { encoding }, "line");
}

function parseObject(line: string, number: number): Record<string, unknown> {
  let value: unknown;
  try {
    value = parseJsonAsWritten(line);
  } catch (error) {
    // The parser's own message quotes the line.
    throw invalid(number, error instanceof RangeError ? "is nested too deeply" : "is not valid JSON");
  }
  if (value === null || typeof value !== "object" || Array.isArray(value))
    throw invalid(number, "is not a JSON object");
  if (findRepeatedKey(line) !== undefined) throw invalid(number, "has a key twice");
  return value as Record<string, unknown>;
}

function optionalText(value: unknown, field: string, number: number): string | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  if (typeof value !== "string" && typeof value !== "number" && !(value instanceof JsonNumber))
    throw invalid(number, `has a "${field}" that is not text`);
  return storableText(String(value));
}

function invalid(line: number, what: string): MillraceError {
  return new MillraceError("RECORD_INVALID", `Line ${line} ${what}.`, { details: { line } });
}
