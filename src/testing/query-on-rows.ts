import { UsageError } from "../core/errors.ts";
import { exactJson } from "../core/json.ts";
import { didYouMean } from "../core/text.ts";
import { Database, type DatabaseClient, quoteName } from "../database/connect.ts";
import type { ResolvedSource } from "../graph/resolved-model.ts";
import type { AnyModel } from "../model/any-model.ts";
import { documentTable } from "../sources/bind-source.ts";
import { explainSqlError } from "../database/sql-error.ts";
import { renderSqlModel } from "../run/query/render-query.ts";
import { UNIT_ROWS } from "../run/query/sql-template.ts";
import { enumOf } from "../table/column-enum.ts";
import { createRowDecoder, decodeByName } from "../table/read/decode-row.ts";
import { describeTable, hasColumns } from "../table/table-shape.ts";
import { testServer } from "./test-server.ts";

type Row = Readonly<Record<string, unknown>>;
type Given = Readonly<Record<string, readonly object[]>>;

/** A column of a table that stands in for a source. */
interface StandInColumn {
  readonly key: string;
  readonly name: string;
  readonly type: string;
}

const DOCUMENTS = "millrace_given_documents";

/** Runs a model's query on given rows: temporary tables stand in for its sources, and nothing stays. */
export async function queryOnRows(
  model: AnyModel,
  given: Given,
  options: { readonly databaseUrl?: string | undefined },
): Promise<readonly object[]> {
  const sources = resolveSources(model, given);
  const { text, values } = renderSqlModel(
    { model, shape: describeTable(model.table), sources, upstreams: [], ancestors: [] },
    { documents: DOCUMENTS },
  );
  await using database = new Database({ url: options.databaseUrl ?? (await testServer()), maxConnections: 1 });
  return await database.use(async (client) => {
    await client.query("begin");
    try {
      for (const source of sources) {
        const table = source.name === model.forEach ? UNIT_ROWS : tableOf(source);
        await standIn(client, { source, table }, (given[source.name] ?? []) as readonly Row[]);
      }
      const query = { text: `select * from (\n${text}\n) as query`, values: [...values], rowMode: "array" } as const;
      const { rows, fields } = await client.query<unknown[]>(query);
      return decodeRows(
        model,
        rows,
        fields.map(({ name }) => name),
      );
    } catch (error) {
      throw explainSqlError(error, model.name);
    } finally {
      await client.query("rollback");
    }
  });
}

function resolveSources(model: AnyModel, given: Given): readonly ResolvedSource[] {
  const names = Object.keys(model.sources);
  const unknown = Object.keys(given).find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new UsageError(
      "SOURCE_NOT_FOUND",
      `Model "${model.name}" has no source "${unknown}".${didYouMean(unknown, names)}`,
    );
  return Object.entries(model.sources).map(([name, spec]): ResolvedSource => {
    const { target } = spec;
    if (target.type === "documents") return { name, spec, origin: { type: "documents", content: false } };
    // The table that stands in is in no schema.
    if (target.type === "name")
      return { name, spec, origin: { type: "table", table: target.name.replaceAll(".", "__") } };
    const shape = describeTable(target.model.table);
    const origin = { type: "model", model: target.model, shape, isUntyped: !hasColumns(shape) } as const;
    return { name, spec, origin };
  });
}

async function standIn(
  client: DatabaseClient,
  { source, table: name }: { readonly source: ResolvedSource; readonly table: string },
  rows: readonly Row[],
): Promise<void> {
  const columns = columnsOf(source, rows);
  const table = quoteName(name);
  const list = columns.map(({ name, type }) => `${quoteName(name)} ${type}`).join(", ");
  await client.query(`create temp table ${table} (${list}) on commit drop`);
  if (rows.length === 0) return;
  // A document that could never be read is none.
  const read = source.origin.type === "documents" ? { contentHash: "given", metadata: {} } : {};
  const records = rows
    .map((row): Row => ({ ...read, ...row }))
    .map((row) => Object.fromEntries(columns.map(({ key, name }) => [name, key in row ? row[key] : row[name]])));
  const json = exactJson(records);
  await client.query(`insert into ${table} select * from json_populate_recordset(null::${table}, $1)`, [json]);
}

function tableOf({ origin }: ResolvedSource): string {
  if (origin.type === "documents") return DOCUMENTS;
  return origin.type === "table" ? origin.table : origin.shape.name;
}

// Constraints are those of the real table; a test gives what it is about.
function columnsOf({ origin }: ResolvedSource, rows: readonly Row[]): readonly StandInColumn[] {
  if (origin.type === "documents") {
    const { columns } = documentTable({ documents: "" }, false);
    return columns.map(({ key, name, sqlType }) => ({ key, name, type: sqlType }));
  }
  if (origin.type === "model" && hasColumns(origin.shape)) {
    return origin.shape.columns.map(({ key, name, sqlType, column }) => {
      // The type of an enum is made with its table.
      const type = enumOf(column) === undefined ? sqlType.replace(/^(small|big)?serial$/, "$1int") : "text";
      return { key, name, type };
    });
  }
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return names.map((name) => ({ key: name, name, type: typeOf(rows.map((row) => row[name])) }));
}

function typeOf(values: readonly unknown[]): string {
  const known = values.filter((value) => value !== null && value !== undefined);
  const all = (test: (value: unknown) => boolean) => known.length > 0 && known.every(test);
  if (all((value) => typeof value === "bigint" || Number.isSafeInteger(value))) return "bigint";
  if (all((value) => typeof value === "number")) return "double precision";
  if (all((value) => typeof value === "boolean")) return "boolean";
  if (all((value) => value instanceof Date)) return "timestamptz";
  return all((value) => typeof value === "object") ? "jsonb" : "text";
}

function decodeRows(model: AnyModel, rows: readonly unknown[][], names: readonly string[]): readonly object[] {
  const shape = describeTable(model.table);
  const columns = names.flatMap((name) => shape.columns.find((column) => column.name === name) ?? []);
  const decode = columns.length === names.length ? createRowDecoder(columns) : decodeByName;
  return rows.map((row) => decode(row, names));
}
