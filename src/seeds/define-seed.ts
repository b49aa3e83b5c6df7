import { isEncoding } from "../core/decode-text.ts";
import { UsageError } from "../core/errors.ts";
import type { Model } from "../model/any-model.ts";
import { defineModel } from "../model/define-model.ts";
import type { SharedDeclaration } from "../model/shared-declaration.ts";
import type { Sources } from "../model/sources.ts";
import type { PipelineTable } from "../table/pipeline-table.ts";
import { describeTable } from "../table/table-shape.ts";
import { readSeed } from "./read-seed.ts";

export interface SeedDeclaration<Row extends object, NewRow extends object> extends Pick<
  SharedDeclaration<Row, Sources>,
  "name" | "description" | "tags" | "tests"
> {
  /** Path in the project's folder: `.csv`, `.tsv`, `.jsonl` or `.ndjson`. */
  readonly file: string;
  /** The delimiter of a CSV file; a comma, in `.tsv` a tab. */
  readonly delimiter?: string;
  /** How the file is encoded, unless it is UTF-8: any name that browsers know, such as `windows-1252`. */
  readonly encoding?: string;
  /** A file without rows empties the table; it is an error otherwise. */
  readonly allowEmpty?: boolean;
  /** Columns of the file that the table does not have and that are left out on purpose. */
  readonly ignoreColumns?: readonly string[];
  /** The columns of the file, by their names or keys; with a primary key an edited line changes only its row. */
  readonly table: PipelineTable<Row, NewRow>;
}

/**
 * Declares a table that is filled from a file of the project. Others read it with `ref`, and a run looks at it again
 * when the file has changed.
 *
 * @example
 * export const countries = defineSeed({
 *   name: "raw.countries",
 *   file: "seeds/countries.csv",
 *   table: pipelineTable("raw_countries", { code: text().primaryKey(), name: text().notNull() }),
 * });
 */
export function defineSeed<Row extends object, NewRow extends object>(
  declaration: SeedDeclaration<Row, NewRow>,
): Model<Row> {
  const { file, delimiter, encoding, allowEmpty, ignoreColumns, ...shared } = declaration;
  if (encoding !== undefined && !isEncoding(encoding))
    throw new UsageError("SEED_INVALID", `The encoding "${encoding}" of seed "${shared.name}" is unknown.`, {
      hint: "Use a name that browsers know: windows-1252, iso-8859-15, utf-16le, shift_jis, gb18030.",
    });
  const seed = Object.freeze({ file, delimiter, encoding, allowEmpty, ignoreColumns });
  const model = defineModel({
    ...shared,
    sources: {},
    async run({ writer, ...given }) {
      const { directory = process.cwd() } = given as { directory?: string };
      return writer.write(readSeed(seed, { directory, shape: describeTable(declaration.table) }) as never);
    },
  });
  return Object.freeze({ ...model, seed });
}
