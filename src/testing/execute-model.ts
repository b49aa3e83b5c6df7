import { z } from "zod";
import { UsageError } from "../core/errors.ts";
import { didYouMean } from "../core/text.ts";
import type { Llm } from "../llm/llm.ts";
import { offlineLlm } from "../llm/offline-llm.ts";
import type { OfflineOptions } from "../llm/providers/offline/offline-model.ts";
import { allDocuments, type ModelContext } from "../model/context.ts";
import type { AnyModel, Model } from "../model/any-model.ts";
import { needsDatabase } from "../model/define-sql-model.ts";
import { createRowEncoder } from "../table/encode/row-encoder.ts";
import { dataColumns, describeTable } from "../table/table-shape.ts";
import { ArrayReader } from "../sources/array-reader.ts";

type Row = Record<string, unknown>;

export interface ExecuteOptions {
  /** Rows per source, with the keys that the model reads. A source that is left out is empty. */
  readonly sources?: Readonly<Record<string, readonly object[]>>;
  /** Parameters; those left out take their defaults. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly context?: Partial<ModelContext>;
  readonly signal?: AbortSignal;
  /** What the language model answers, or whose: the offline one unless given. */
  readonly llm?: OfflineOptions | Llm;
}

/**
 * Runs a model on literal rows and returns the rows it writes: no database, no engine. Rows are checked against the
 * table as in a run.
 *
 * @example
 * const rows = await executeModel(documentSections, { sources: { documents: [{ id: "d1", content: "# One" }] } });
 */
export async function executeModel<WrittenRow extends object>(
  model: Model<WrittenRow>,
  options: ExecuteOptions = {},
): Promise<readonly WrittenRow[]> {
  if (model.form === "sql") throw needsDatabase(model.name);
  const sources = new Map(Object.entries(options.sources ?? {}).map(([name, rows]) => [name, rows as readonly Row[]]));
  const names = Object.keys(model.sources);
  const unknown = [...sources.keys()].find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new UsageError(
      "SOURCE_NOT_FOUND",
      `Model "${model.name}" has no source "${unknown}".${didYouMean(unknown, names)}`,
    );
  const shared = {
    config: parseConfig(model, options.config ?? {}),
    context: {
      runId: "test",
      mode: "full",
      filters: {},
      documentIds: allDocuments,
      metadata: {},
      ...options.context,
    } satisfies ModelContext,
    signal: options.signal ?? new AbortController().signal,
    llm: llmOf(options.llm),
  };
  const written: Row[] = [];
  const rowsOf = (name: string) => sources.get(name) ?? [];
  if (model.form === "table") {
    const writer = new CollectingWriter(written);
    const readers = Object.fromEntries(names.map((name) => [name, new ArrayReader(rowsOf(name))]));
    await model.run({ ...shared, sources: readers, writer } as never);
  } else {
    for (const unit of unitsOf(model, rowsOf(model.forEach ?? ""))) {
      const others = names.filter((name) => name !== model.forEach);
      const readers = Object.fromEntries(
        others.map((name) => [name, new ArrayReader(matching(model, name, rowsOf(name), unit))]),
      );
      const output: unknown = await model.run({ ...shared, ...unit, sources: readers } as never);
      if (output !== null && output !== undefined)
        written.push(...((Array.isArray(output) ? output : [output]) as Row[]));
    }
  }
  return written.map((row) => completeRow(model, row)) as unknown as readonly WrittenRow[];
}

function llmOf(given: ExecuteOptions["llm"]): Llm {
  return given !== undefined && "predict" in given ? given : offlineLlm(given);
}

type UnitArguments = { readonly row: Row } | { readonly key: Row; readonly rows: readonly Row[] };

function unitsOf({ by }: AnyModel, rows: readonly Row[]): readonly UnitArguments[] {
  if (by === undefined) return rows.map((row) => ({ row }));
  const groups = new Map<string, { key: Row; rows: Row[] }>();
  for (const row of rows) {
    const key = Object.fromEntries(by.map((name) => [name, row[name]]));
    const group = groups.get(JSON.stringify(key)) ?? { key, rows: [] };
    group.rows.push(row);
    groups.set(JSON.stringify(key), group);
  }
  return [...groups.values()];
}

function matching(model: AnyModel, source: string, rows: readonly Row[], unit: UnitArguments): readonly Row[] {
  const pairs = Object.entries(model.sources[source]?.match ?? {});
  const values = "row" in unit ? unit.row : unit.key;
  return rows.filter((row) => pairs.every(([column, unitColumn]) => row[column] === values[unitColumn]));
}

function parseConfig(model: AnyModel, config: Readonly<Record<string, unknown>>): unknown {
  const result = model.config.safeParse(config);
  if (result.success) return result.data;
  throw new UsageError(
    "CONFIG_INVALID",
    `Invalid parameters of model "${model.name}":\n${z.prettifyError(result.error)}`,
  );
}

function completeRow(model: AnyModel, row: Row): Row {
  const shape = describeTable(model.table);
  createRowEncoder(shape).encode(row);
  const missing = dataColumns(shape).filter(({ key }) => row[key] === undefined);
  const filled = missing.map(({ key, column }) => [
    key,
    typeof column.default === "object" ? null : (column.default ?? null),
  ]);
  return { ...Object.fromEntries(filled), ...row };
}

class CollectingWriter {
  readonly #rows: Row[];
  constructor(rows: Row[]) {
    this.#rows = rows;
  }

  async write(rows: Row | Iterable<Row> | AsyncIterable<Row>): Promise<{ rowsWritten: number }> {
    if (Symbol.asyncIterator in rows) for await (const row of rows) this.#rows.push(row);
    else if (Symbol.iterator in rows) this.#rows.push(...rows);
    else this.#rows.push(rows);
    return this.receipt();
  }

  receipt(): { rowsWritten: number } {
    return { rowsWritten: this.#rows.length };
  }
}
