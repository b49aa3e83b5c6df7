import { createHash } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { extname, resolve } from "node:path";
import { DecodeError, decodeText, isUtf16 } from "../core/decode-text.ts";
import { MillraceError } from "../core/errors.ts";
import { findRepeatedKey, parseJsonAsWritten } from "../core/json.ts";
import { didYouMean, quoteList } from "../core/text.ts";
import { readJsonlLines } from "../documents/loaders/load-jsonl.ts";
import type { SeedFile } from "../model/any-model.ts";
import { type ColumnShape, dataColumns, type TableShape } from "../table/table-shape.ts";
import { type WrittenColumn, writtenColumns } from "../table/encode/written-columns.ts";
import { readCsv, type SeedLine } from "./read-csv.ts";
import { readSeedValue } from "./read-seed-value.ts";

export interface ReadSeedOptions {
  /** Folder of the project. */
  readonly directory: string;
  readonly shape: TableShape;
}

/** The rows of a seed's file, with values of the types that its table declares. */
export async function* readSeed(
  seed: SeedFile,
  { directory, shape }: ReadSeedOptions,
): AsyncGenerator<Record<string, unknown>> {
  const columnOf = columnFinder(seed, shape);
  const required = writtenColumns(shape).filter((column) => column.notNull && !fillsItself(column));
  let lines = 0;
  let rows = 0;
  for await (const { number, header = number, fields } of decoded(seed, readLines(seed, directory))) {
    lines += 1;
    const row: Record<string, unknown> = {};
    const given = new Map<ColumnShape, string>();
    for (const [name, value] of fields) {
      const column = columnOf(name, header);
      if (column === undefined) continue;
      const other = given.get(column);
      if (other !== undefined)
        throw invalid(seed, header, `has two fields for "${column.name}": ${quoteList([other, name])}.`);
      given.set(column, name);
      const read = readSeedValue(value, column);
      if ("problem" in read) throw invalid(seed, number, `field "${name}" ${read.problem}.`);
      // What is left out takes its default.
      if (read.value !== null || !column.notNull) row[column.key] = read.value;
    }
    // The header has names and no values.
    if (lines === 1 && isCsv(seed)) continue;
    const missing = required.find(({ key }) => row[key] === undefined || row[key] === null);
    if (missing !== undefined)
      throw invalid(seed, number, `has no value for "${missing.name}", which must not be null.`);
    rows += 1;
    yield row;
  }
  if (rows === 0 && seed.allowEmpty !== true) throw empty(seed, lines > 0);
}

/** The column that a field is for; undefined for what the seed leaves out on purpose. */
function columnFinder(seed: SeedFile, shape: TableShape) {
  const columns = dataColumns(shape);
  const byName = new Map(columns.flatMap((column) => [[column.name, column] as const, [column.key, column] as const]));
  const ignored = new Set(seed.ignoreColumns);
  return (name: string, line: number): ColumnShape | undefined => {
    const column = byName.get(name);
    if (column !== undefined || ignored.has(name)) return column;
    const problem = `has a field "${name}", which table "${shape.name}" does not have.`;
    throw invalid(seed, line, `${problem}${didYouMean(name, [...byName.keys()])}`);
  };
}

async function* decoded(seed: SeedFile, lines: AsyncIterable<SeedLine>): AsyncGenerator<SeedLine> {
  try {
    yield* lines;
  } catch (error) {
    const problem = error instanceof DecodeError ? error.message : undefined;
    if (problem === undefined) throw error;
    throw new MillraceError("SEED_INVALID", `The file is ${problem}: ${seed.file}.`, {
      hint: 'Save it as UTF-8, or set the encoding of the seed, for example `encoding: "windows-1252"`.',
      details: { file: seed.file },
    });
  }
}

const isCsv = ({ file }: SeedFile) => /\.[ct]sv$/i.test(file);

function empty(seed: SeedFile, hasHeader: boolean): MillraceError {
  const problem = hasHeader ? "has a header and no rows" : isCsv(seed) ? "is empty: it has no header" : "is empty";
  return new MillraceError("SEED_INVALID", `${seed.file} ${problem}. Nothing was changed.`, {
    hint: "Restore the file. If it is meant to be empty, set `allowEmpty: true` in the seed.",
    details: { file: seed.file },
  });
}

function fillsItself({ databaseDefault, column }: WrittenColumn): boolean {
  const { default: literal, defaultFn, onUpdateFn } = column;
  return [databaseDefault, literal, defaultFn, onUpdateFn].some((given) => given !== undefined);
}

/** Digest of the file's bytes: the rows follow from it. */
export async function digestSeed(seed: SeedFile, directory: string): Promise<string> {
  const hash = createHash("sha256").update(JSON.stringify([seed.delimiter, seed.encoding, seed.ignoreColumns]));
  for await (const chunk of createReadStream(pathOf(seed, directory)) as AsyncIterable<Buffer>) hash.update(chunk);
  return hash.digest("hex");
}

function readLines(seed: SeedFile, directory: string): AsyncIterable<SeedLine> {
  const path = pathOf(seed, directory);
  switch (extname(seed.file).toLowerCase()) {
    case ".csv":
    case ".tsv": {
      const delimiter = seed.delimiter ?? (seed.file.toLowerCase().endsWith(".tsv") ? "\t" : ",");
      return readCsv(path, {
        delimiter,
        encoding: seed.encoding,
        refuse: (line, problem) => invalid(seed, line, problem),
      });
    }
    case ".jsonl":
    case ".ndjson":
      return readJson(seed, path);
    default:
      throw new MillraceError("SEED_FORMAT", `Seed file "${seed.file}" has an unknown extension.`, {
        hint: "Use .csv, .tsv, .jsonl or .ndjson.",
      });
  }
}

async function* readJson(seed: SeedFile, path: string): AsyncGenerator<SeedLine> {
  const { encoding } = seed;
  for await (const { number, bytes } of readJsonlLines(path, { encoding })) {
    if (bytes === undefined) throw invalid(seed, number, "is longer than 64 MB.");
    // Lines of a file in UTF-16 have been made UTF-8 before they were split.
    const text = decodeText(bytes, isUtf16(encoding) ? {} : { encoding }).trim();
    if (text === "") continue;
    yield { number, fields: Object.entries(parseObject(seed, number, text)) };
  }
}

function parseObject(seed: SeedFile, number: number, text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = parseJsonAsWritten(text);
  } catch {
    // Said below.
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw invalid(seed, number, "is not a JSON object.");
  const repeated = findRepeatedKey(text);
  if (repeated !== undefined) throw invalid(seed, number, `has the field "${repeated}" twice.`);
  return value as Record<string, unknown>;
}

function pathOf({ file }: SeedFile, directory: string): string {
  const path = resolve(directory, file);
  if (existsSync(path)) return path;
  throw new MillraceError("SEED_NOT_FOUND", `Seed file "${file}" is not in ${directory}.`, {
    hint: "The `file` of a seed is a path relative to the project's folder.",
  });
}

function invalid({ file }: SeedFile, line: number, problem: string): MillraceError {
  return new MillraceError("SEED_INVALID", `${file}, line ${line}: ${problem}`, {
    hint: "Fix the line, or the table that the seed declares.",
    details: { file, line },
  });
}
