import type { Database } from "../../src/database/connect.ts";
import { type ModelSpec, modelName, tableName } from "./model-spec.ts";

/** Rows as text, by table; `ledger` is the table of units. */
export type State = ReadonlyMap<string, readonly string[]>;

export interface ReadOptions {
  readonly target: string;
  readonly models: readonly ModelSpec[];
}

/** What two ways to the same tables must agree in: all data, and what the ledger says of it. */
export async function readState(database: Database, options: ReadOptions): Promise<State> {
  return read(database, options, {
    row: "(to_jsonb(t) - '{workflow_id,created_at,updated_at}'::text[])::text",
    // A row may move to another document unnoticed by a model that does not read which: the unit keeps the one before.
    unit: "(to_jsonb(t) - '{run_id,duration_ms,updated_at}'::text[] - case when model = any($2) then 'document_id' else '' end)::text",
  });
}

/** Everything, down to the time a row was written. */
export async function readWhole(database: Database, options: ReadOptions): Promise<State> {
  return read(database, options, { row: "to_jsonb(t)::text", unit: "to_jsonb(t)::text" });
}

async function read(
  database: Database,
  { target, models }: ReadOptions,
  { row, unit }: { readonly row: string; readonly unit: string },
): Promise<State> {
  const names = models.map(({ index }) => modelName(index));
  const tables = models.map(
    ({ index }) => `select '${tableName(index)}' as name, ${row} as row from ${target}.${tableName(index)} t`,
  );
  const ledger = `select 'ledger', ${unit} from millrace_${target}.unit_state t where model = any($1)`;
  const blind = models.filter(isBlindToDocuments).map(({ index }) => modelName(index));
  const given = unit.includes("$2") ? [names, blind] : [names];
  const rows = await database.query<{ name: string; row: string }>([...tables, ledger].join(" union all "), given);
  const state = new Map<string, string[]>(
    [...models.map(({ index }) => tableName(index)), "ledger"].map((name) => [name, []]),
  );
  for (const { name, row } of rows.toSorted((a, b) => (a.row < b.row ? -1 : 1))) state.get(name)?.push(row);
  return state;
}

const isBlindToDocuments = ({ source: { columns }, by }: ModelSpec) =>
  columns !== undefined && !columns.includes("documentId") && !by.includes("documentId");

const MAX_SHOWN = 3;

/** The first rows that only one of two states has; undefined when they agree. */
export function difference(
  left: { readonly name: string; readonly state: State },
  right: { readonly name: string; readonly state: State },
): string | undefined {
  const lines = [...left.state].flatMap(([table, rows]) => {
    const others = right.state.get(table) ?? [];
    const only = (here: readonly string[], there: readonly string[], name: string) => {
      const known = new Set(there);
      const missing = here.filter((row) => !known.has(row));
      const shown = missing.slice(0, MAX_SHOWN).map((row) => `  ${table}, only ${name}: ${row}`);
      return missing.length > MAX_SHOWN ? [...shown, `  ${table}, only ${name}: ${missing.length} in all`] : shown;
    };
    return [...only(rows, others, left.name), ...only(others, rows, right.name)];
  });
  return lines.length === 0 ? undefined : lines.join("\n");
}
