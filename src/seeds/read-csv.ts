import { createReadStream } from "node:fs";
import { pipeline, Readable } from "node:stream";
import { CsvError, type Info, parse } from "csv-parse";
import { decodeChunks } from "../core/decode-text.ts";

/** A line of a seed: its fields by the names that the file gives them. */
export interface SeedLine {
  readonly number: number;
  /** Where its fields are named, if that is another line. */
  readonly header?: number;
  readonly fields: readonly (readonly [name: string, value: unknown])[];
}

export interface CsvOptions {
  readonly delimiter: string;
  readonly encoding: string | undefined;
  readonly refuse: (line: number, problem: string) => Error;
}

/** A longer record must have an unclosed quote. */
const MAX_RECORD_LENGTH = 64 * 1024 * 1024;

/**
 * The lines of a CSV file with a header, which is a line without values if there are no others. An empty field is null, as
 * in `COPY`; `""` is an empty text.
 */
export async function* readCsv(path: string, { delimiter, encoding, refuse }: CsvOptions): AsyncGenerator<SeedLine> {
  const parser = parse({
    delimiter,
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: MAX_RECORD_LENGTH,
    cast: (value, { quoting }) => (value === "" && !quoting ? null : value),
  });
  // Errors of any stream reach the reader of the records.
  const text = Readable.from(decodeChunks(createReadStream(path), { encoding }));
  const records = pipeline(text, parser, () => undefined);
  let header: { readonly names: readonly string[]; readonly line: number } | undefined;
  try {
    for await (const { info, record } of records as AsyncIterable<{ info: Info; record: (string | null)[] }>) {
      const number = info.lines;
      if (header === undefined) {
        header = { names: record.map((name) => name?.trim() ?? ""), line: number };
        yield { number, fields: header.names.filter((name) => name !== "").map((name) => [name, undefined]) };
        continue;
      }
      const { names, line } = header;
      const stray = record.findIndex((value, index) => value !== null && (names[index] ?? "") === "");
      if (stray >= names.length || record.length < names.length)
        throw refuse(number, "does not have as many fields as the header.");
      if (stray !== -1) throw refuse(number, `has a value in column ${stray + 1}, which has no name in the header.`);
      const fields = names.map((name, index) => [name, record[index]] as const);
      yield { number, header: line, fields: fields.filter(([name]) => name !== "") };
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const { lines } = error as { lines?: unknown };
    throw refuse(typeof lines === "number" ? lines : 1, describe(error));
  }
}

// The parser's own message may contain the line.
function describe({ code }: CsvError): string {
  switch (code) {
    case "CSV_QUOTE_NOT_CLOSED":
      return "a quote is not closed.";
    case "CSV_MAX_RECORD_SIZE":
      return `is longer than ${MAX_RECORD_LENGTH / 1024 / 1024} MB: a quote is probably not closed.`;
    default:
      return `is not valid CSV (${code}).`;
  }
}
