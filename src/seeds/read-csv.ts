import { createReadStream } from "node:fs";
import { pipeline } from "node:stream";
import { CsvError, type Info, parse } from "csv-parse";

/** A line of a seed: its fields by the names that the file gives them. */
export interface SeedLine {
  readonly number: number;
  /** Where its fields are named, if that is another line. */
  readonly header?: number;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface CsvOptions {
  readonly delimiter: string;
  readonly refuse: (line: number, problem: string) => Error;
}

/** The lines of a CSV file with a header. An empty field is null, as in `COPY`; `""` is an empty text. */
export async function* readCsv(path: string, { delimiter, refuse }: CsvOptions): AsyncGenerator<SeedLine> {
  const parser = parse({
    delimiter,
    bom: true,
    columns: (header: string[]) => header.map((name) => name.trim()),
    info: true,
    skip_empty_lines: true,
    cast: (value, { quoting }) => (value === "" && !quoting ? null : value),
  });
  // Errors of either stream reach whoever reads the records.
  const records = pipeline(createReadStream(path), parser, () => undefined);
  try {
    for await (const { info, record } of records as AsyncIterable<{ info: Info; record: SeedLine["fields"] }>)
      yield { number: info.lines, header: 1, fields: record };
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const { lines } = error as { lines?: unknown };
    throw refuse(typeof lines === "number" ? lines : 1, describe(error));
  }
}

// What the parser says may show the line itself.
function describe({ code }: CsvError): string {
  switch (code) {
    case "CSV_RECORD_INCONSISTENT_COLUMNS":
    case "CSV_RECORD_INCONSISTENT_FIELDS_LENGTH":
      return "does not have as many fields as the header.";
    case "CSV_QUOTE_NOT_CLOSED":
      return "a quote is not closed.";
    default:
      return `is not valid CSV (${code}).`;
  }
}
