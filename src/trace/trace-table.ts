import { snakeCase } from "../core/text.ts";
import { type Database, quoteName } from "../database/connect.ts";
import { relationSql } from "../database/sql-text.ts";
import type { AnyModel } from "../model/any-model.ts";
import { findTable } from "../table/schema/existing-tables.ts";
import { BASE_KEYS } from "../table/pipeline-table.ts";
import { describeTable } from "../table/table-shape.ts";

export interface TracedColumn {
  readonly name: string;
  readonly sqlType: string;
  readonly notNull: boolean;
}

/** A table or view as a trace reads it: what the database has, and what the declaration says of it. */
export interface TracedTable {
  readonly name: string;
  /** The model that fills it; undefined for an external table. */
  readonly model: AnyModel | undefined;
  /** SQL that stands after `from`. */
  readonly relation: string;
  /** SQL of the type of its rows. */
  readonly rowType: string;
  readonly columns: readonly TracedColumn[];
  readonly dataColumns: readonly TracedColumn[];
  readonly primaryKey: readonly TracedColumn[];
  /** Name of the column with the id of the document that a row came from. */
  readonly documentColumn: string | undefined;
  /** Rows say which unit wrote them; those of a view do not. */
  readonly hasUnits: boolean;
}

/** A row with the base columns apart from the data. */
export interface FoundRow {
  readonly key: Readonly<Record<string, unknown>>;
  readonly row: Readonly<Record<string, unknown>>;
  readonly sourceKey: string | null;
  readonly runId: string | null;
  /** ISO 8601. */
  readonly updatedAt: string | null;
}

const OWNER = ["source_key", "workflow_id", "updated_at"];
const BASE_NAMES = new Set(BASE_KEYS.map(snakeCase));

/** Looks a table up; undefined when it is not there. */
export async function loadTracedTable(
  database: Database,
  { name, model }: { readonly name: string; readonly model: AnyModel | undefined },
): Promise<TracedTable | undefined> {
  const found = await findTable(database, name);
  if (found === undefined) return undefined;
  const { columns } = found;
  const find = (each: string | undefined) => columns.find((column) => column.name === each);
  const shape = model === undefined ? undefined : describeTable(model.table);
  const primaryKey =
    shape === undefined || shape.primaryKey.length === 0 ? (found.primaryKey?.columns ?? []) : shape.primaryKey;
  const hasUnits = model !== undefined && OWNER.every((each) => find(each) !== undefined);
  return {
    name,
    model,
    relation: relationSql(name),
    rowType: relationSql(name),
    columns,
    dataColumns: hasUnits ? columns.filter((column) => !BASE_NAMES.has(column.name)) : columns,
    primaryKey: primaryKey.map(find).filter((column) => column !== undefined),
    documentColumn: find(shape?.documentColumn ?? "document_id")?.name,
    hasUnits,
  };
}

/** The documents as a table of which a trace reads the ids; the rest is looked up at the end, for all of them at once. */
export function documentsTable(database: Database, relation: string): TracedTable {
  const columns = [{ name: "id", sqlType: "text", notNull: true }];
  return {
    name: "documents",
    model: undefined,
    relation,
    rowType: database.documents,
    columns,
    dataColumns: columns,
    primaryKey: columns,
    documentColumn: "id",
    hasUnits: false,
  };
}

/** What to select of the row `alias`, in the order in which `readRow` takes it. */
export function rowColumnsSql(table: TracedTable, alias: string): readonly string[] {
  const owner = ["source_key", "workflow_id", `to_json(${alias}.updated_at) #>> '{}'`];
  return [
    ...(table.hasUnits
      ? owner.map((each) => (each.includes("(") ? each : `${alias}.${each}`))
      : owner.map(() => "null::text")),
    ...table.dataColumns.map(({ name }) => `${alias}.${quoteName(name)}`),
  ];
}

export function readRow(table: TracedTable, values: readonly unknown[]): FoundRow {
  const [sourceKey, runId, updatedAt, ...data] = values as [string | null, string | null, string | null, ...unknown[]];
  const row = Object.fromEntries(table.dataColumns.map(({ name }, index) => [name, data[index]]));
  const key = Object.fromEntries(table.primaryKey.map(({ name }) => [name, row[name]]));
  return { key, row, sourceKey, runId, updatedAt };
}
