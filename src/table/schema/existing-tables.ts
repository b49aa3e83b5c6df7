import type { Database } from "../../database/connect.ts";
import { relationSql } from "../../database/sql-text.ts";

/** Runs a query and gives its rows: a pool or one connection. */
export type RunQuery = <Row extends object>(text: string, parameters?: readonly unknown[]) => Promise<Row[]>;

export interface ExistingColumn {
  readonly name: string;
  readonly sqlType: string;
  readonly notNull: boolean;
  /** A default, an identity or a generated value: inserts may leave the column out. */
  readonly isFilled: boolean;
}

export interface ExistingTable {
  /** `r` for a table, `v` for a view, as `pg_class` has it. */
  readonly kind: string;
  readonly columns: readonly ExistingColumn[];
  readonly primaryKey: { readonly name: string; readonly columns: readonly string[] } | null;
  /** Names of its indexes and constraints. */
  readonly parts: readonly string[];
  readonly comment: string | null;
}

const existingTablesSql = (condition: string) =>
  `select c.relname as name, c.relkind as kind, obj_description(c.oid, 'pg_class') as comment,
       (select coalesce(jsonb_agg(jsonb_build_object(
            'name', a.attname, 'sqlType', format_type(a.atttypid, a.atttypmod), 'notNull', a.attnotnull,
            'isFilled', a.atthasdef or a.attidentity <> '') order by a.attnum), '[]')
          from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns,
       (select jsonb_build_object('name', k.conname, 'columns', (
            select jsonb_agg(a.attname order by place) from unnest(k.conkey) with ordinality as keys(number, place)
              join pg_attribute a on a.attrelid = c.oid and a.attnum = keys.number))
          from pg_constraint k where k.conrelid = c.oid and k.contype = 'p') as "primaryKey",
       array(select i.relname::text from pg_index x join pg_class i on i.oid = x.indexrelid where x.indrelid = c.oid
             union select k.conname::text from pg_constraint k where k.conrelid = c.oid) as parts
     from pg_class c where c.relkind in ('r', 'p', 'v', 'm', 'f') and ${condition}`;

/** What the schema that tables are created in holds under these names, in one query. */
export async function readExistingTables(
  query: RunQuery,
  names: readonly string[],
): Promise<ReadonlyMap<string, ExistingTable>> {
  const rows = await query<{ name: string } & ExistingTable>(
    existingTablesSql("c.relnamespace = current_schema()::regnamespace and c.relname = any($1)"),
    [names],
  );
  return new Map(rows.map(({ name, ...table }) => [name, table]));
}

/** A table or view in the search path, or in the schema of its name; undefined if there is none. */
export async function findTable(database: Database, name: string): Promise<ExistingTable | undefined> {
  const [table] = await database.query<ExistingTable>(existingTablesSql("c.oid = to_regclass($1)"), [
    relationSql(name),
  ]);
  return table;
}

/** Names, with their schemas, of tables that are called like this and that the search path does not reach. */
export async function findElsewhere(database: Database, name: string): Promise<readonly string[]> {
  const rows = await database.query<{ name: string }>(
    `select n.nspname || '.' || c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relname = $1 and c.relkind in ('r', 'p', 'v', 'm', 'f') and not pg_table_is_visible(c.oid)
       and n.nspname !~ '^pg_|^information_schema$' order by 1 limit 3`,
    [name.split(".").at(-1)],
  );
  return rows.map((row) => row.name);
}

/** The values of enums that exist, by name. */
export async function readExistingEnums(
  query: RunQuery,
  names: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  if (names.length === 0) return new Map();
  const rows = await query<{ name: string; values: string[] }>(
    `select t.typname as name, array(select e.enumlabel::text from pg_enum e where e.enumtypid = t.oid order by e.enumsortorder) as values
     from pg_type t where t.typtype = 'e' and t.typname = any($1) and pg_type_is_visible(t.oid)`,
    [names],
  );
  return new Map(rows.map((row) => [row.name, row.values]));
}
