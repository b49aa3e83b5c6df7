import { type Database, quoteName } from "../database/connect.ts";
import type { BoundColumn, BoundSource } from "../sources/bound-source.ts";
import { conditionsSql } from "../sources/conditions.ts";
import type { Condition } from "../sources/bound-source.ts";
import { isShortened, sourceKeySql } from "../sources/unit-key.ts";
import { Parameters } from "../database/sql-text.ts";
import { ifReadable } from "./find-row.ts";
import { type FoundRow, readRow, rowColumnsSql, type TracedTable } from "./trace-table.ts";

/** Rows to look for in a table: values of some of its columns. */
export interface Lookup {
  readonly table: TracedTable;
  readonly columns: readonly Pick<BoundColumn, "name" | "sqlType">[];
  /** JSON lists of values, each of the length of `columns`, or shortened names of units; undefined finds nothing. */
  readonly keys: readonly (string | undefined)[];
  readonly definition: readonly Condition[];
  /** At most so many rows for each key. */
  readonly limit: number;
}

/** Rows that were found for one key, the first of them, and how many there are. */
export interface Members {
  readonly rows: readonly FoundRow[];
  readonly total: number;
}

const NOTHING: Members = { rows: [], total: 0 };

/** Finds the rows of many keys in one query. */
export async function findMembers(database: Database, lookup: Lookup): Promise<readonly Members[]> {
  return forEachPattern(lookup, async (keys, isNull) => {
    const parameters = new Parameters();
    const wanted = wantedSql(lookup, keys, { isNull, parameters });
    return readMembers(database, { ...lookup, parameters, wanted, on: onSql(lookup, "t", isNull) });
  });
}

/** A source that shows a unit the rows that match its own, and the source of those. */
export interface MatchedSide {
  readonly unit: BoundSource;
  readonly side: BoundSource;
  readonly table: TracedTable;
}

/** Finds the rows of a further source that match the rows of many keys. */
export async function findMatched(
  database: Database,
  lookup: Lookup,
  { unit, side, table }: MatchedSide,
): Promise<readonly Members[]> {
  return forEachPattern(lookup, async (keys, isNull) => {
    const parameters = new Parameters();
    const pairs = side.match.map((pair, part) => `s.${quoteName(unit.find(pair.unitKey).name)} as match_${part}`);
    const wanted = `select distinct k.n, ${pairs.join(", ")}
      from (${wantedSql(lookup, keys, { isNull, parameters })}) k join ${unit.relation} s on ${onSql(lookup, "s", isNull, "k")}
      where ${conditionsSql(unit.definition, "s", parameters)}`;
    const on = side.match.map((pair, part) => `t.${quoteName(pair.column.name)} = wanted.match_${part}`).join(" and ");
    return readMembers(database, { ...lookup, table, definition: side.definition, parameters, wanted, on });
  });
}

type Found = ReadonlyMap<number, Members>;

interface WantedKey {
  readonly n: number;
  readonly key: string;
}

/** Which parts of a key are null; of a shortened name nobody knows its parts. */
type NullParts = readonly boolean[] | "shortened";

// "Equal or both null" is a condition that no index serves, so keys with the same parts null go together.
async function forEachPattern(
  { keys }: Lookup,
  find: (keys: readonly WantedKey[], isNull: NullParts) => Promise<Found>,
): Promise<readonly Members[]> {
  const patterns = new Map<string, { readonly isNull: NullParts; readonly keys: WantedKey[] }>();
  keys.forEach((key, n) => {
    if (key === undefined) return;
    const isNull = isShortened(key) ? "shortened" : (JSON.parse(key) as unknown[]).map((value) => value === null);
    const name = String(isNull);
    const pattern = patterns.get(name) ?? { isNull, keys: [] };
    patterns.set(name, pattern);
    pattern.keys.push({ n, key });
  });
  const tryKeys = async (wanted: readonly WantedKey[], isNull: NullParts): Promise<readonly Found[]> => {
    const members = await ifReadable(find(wanted, isNull));
    if (members !== undefined) return [members];
    // A value that is invalid for its column's type has no rows.
    return wanted.length < 2 ? [] : (await Promise.all(wanted.map((key) => tryKeys([key], isNull)))).flat();
  };
  const found = (
    await Promise.all([...patterns.values()].map((pattern) => tryKeys(pattern.keys, pattern.isNull)))
  ).flat();
  return keys.map((_, n) => found.map((members) => members.get(n)).find((members) => members !== undefined) ?? NOTHING);
}

// A row of the table's own type turns the texts into values of the columns' types.
function wantedSql(
  { table, columns }: Lookup,
  keys: readonly WantedKey[],
  { isNull, parameters }: { readonly isNull: NullParts; readonly parameters: Parameters },
): string {
  const numbers = parameters.add(keys.map(({ n }) => n));
  const lists = parameters.add(keys.map(({ key }) => key));
  const given = `unnest(${numbers}::int[], ${lists}::text[]) as given (n, key)`;
  if (isNull === "shortened") return `select given.n, given.key as match_0 from ${given}`;
  const members = columns.map(({ name }, index) => `${parameters.add(name)}::text, given.key::jsonb -> ${index}`);
  const values = columns.map(({ name }, index) => `typed.${quoteName(name)} as match_${index}`);
  return `select given.n, ${values.join(", ")} from ${given}
    cross join lateral jsonb_populate_record(null::${table.rowType}, jsonb_build_object(${members.join(", ")})) as typed`;
}

function onSql({ columns }: Lookup, alias: string, isNull: NullParts, wanted = "wanted"): string {
  if (isNull === "shortened") return `${sourceKeySql(columns, alias)} = ${wanted}.match_0`;
  return columns
    .map(({ name }, index) => {
      const column = `${alias}.${quoteName(name)}`;
      return isNull[index] === true ? `${column} is null` : `${column} = ${wanted}.match_${index}`;
    })
    .join(" and ");
}

async function readMembers(
  database: Database,
  options: Pick<Lookup, "table" | "definition" | "limit"> & {
    readonly parameters: Parameters;
    readonly wanted: string;
    readonly on: string;
  },
): Promise<Found> {
  const { table, definition, limit, parameters, wanted, on } = options;
  const columns = rowColumnsSql(table, "t").map((column, index) => `${column} as column_${index}`);
  const order = table.primaryKey.map(({ name }) => `t.${quoteName(name)}`).join(", ");
  const text = `select * from (
      select wanted.n, count(*) over (partition by wanted.n)::int as total,
        row_number() over (partition by wanted.n ${order === "" ? "" : `order by ${order}`}) as position, ${columns.join(", ")}
      from (${wanted}) wanted join ${table.relation} t on ${on}
      where ${conditionsSql(definition, "t", parameters)}) as member
    where position <= ${parameters.add(limit)} order by n, position`;
  const { rows } = await database.use(async (client) =>
    client.query<unknown[]>({ text, values: parameters.values, rowMode: "array" }),
  );
  const found = new Map<number, { rows: FoundRow[]; total: number }>();
  for (const [n, total, , ...values] of rows as [number, number, unknown, ...unknown[]][]) {
    const members = found.get(n) ?? { rows: [], total };
    found.set(n, members);
    members.rows.push(readRow(table, values));
  }
  return found;
}
