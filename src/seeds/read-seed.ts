import { createHash } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { extname, resolve } from "node:path";
import { MillraceError } from "../core/errors.ts";
import { didYouMean } from "../core/text.ts";
import { readJsonlLines } from "../documents/loaders/load-jsonl.ts";
import type { SeedFile } from "../model/any-model.ts";
import { dataColumns, type TableShape } from "../table/table-shape.ts";
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
  const columns = dataColumns(shape);
  const byName = new Map(columns.flatMap((column) => [[column.name, column] as const, [column.key, column] as const]));
  const required = writtenColumns(shape).filter((column) => column.notNull && !fillsItself(column));
  for await (const { number, header = number, fields } of readLines(seed, directory)) {
    const row: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(fields)) {
      const column = byName.get(name);
      if (column === undefined) {
        const problem = `has a field "${name}", which table "${shape.name}" does not have.`;
        throw invalid(seed, header, `${problem}${didYouMean(name, [...byName.keys()])}`);
      }
      const read = readSeedValue(value, column);
      if ("problem" in read) throw invalid(seed, number, `field "${name}" ${read.problem}.`);
      // What is left out takes its default.
      if (read.value !== null || !column.notNull) row[column.key] = read.value;
    }
    const missing = required.find(({ key }) => row[key] === undefined || row[key] === null);
    if (missing !== undefined)
      throw invalid(seed, number, `has no value for "${missing.name}", which must not be null.`);
    yield row;
  }
}

function fillsItself({ databaseDefault, column }: WrittenColumn): boolean {
  const { default: literal, defaultFn, onUpdateFn } = column;
  return [databaseDefault, literal, defaultFn, onUpdateFn].some((given) => given !== undefined);
}

/** Digest of the file's bytes: the rows follow from it. */
export async function digestSeed(seed: SeedFile, directory: string): Promise<string> {
  const hash = createHash("sha256").update(seed.delimiter ?? "");
  for await (const chunk of createReadStream(pathOf(seed, directory)) as AsyncIterable<Buffer>) hash.update(chunk);
  return hash.digest("hex");
}

function readLines(seed: SeedFile, directory: string): AsyncIterable<SeedLine> {
  const path = pathOf(seed, directory);
  switch (extname(seed.file).toLowerCase()) {
    case ".csv":
    case ".tsv": {
      const delimiter = seed.delimiter ?? (seed.file.toLowerCase().endsWith(".tsv") ? "\t" : ",");
      return readCsv(path, { delimiter, refuse: (line, problem) => invalid(seed, line, problem) });
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
  for await (const { number, bytes } of readJsonlLines(path)) {
    const text = new TextDecoder().decode(bytes ?? new Uint8Array()).trim();
    if (text === "") continue;
    yield { number, fields: parseObject(seed, number, text) };
  }
}

function parseObject(seed: SeedFile, number: number, text: string): Record<string, unknown> {
  try {
    const value = JSON.parse(text) as unknown;
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Said below.
  }
  throw invalid(seed, number, "is not a JSON object.");
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
