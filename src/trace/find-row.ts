import { UsageError } from "../core/errors.ts";
import { didYouMean, quoteList } from "../core/text.ts";
import { type Database, quoteName } from "../database/connect.ts";
import { Parameters } from "../database/sql-text.ts";
import { readList } from "../sources/unit-key.ts";
import { type FoundRow, readRow, rowColumnsSql, type TracedColumn, type TracedTable } from "./trace-table.ts";

/**
 * Which row: the values of its primary key, in their order, or `column=value`; as an object, values by column. At
 * least eight characters of a text will do where they are clear.
 */
export type RowKey = string | readonly unknown[] | Readonly<Record<string, unknown>>;

interface KeyPart {
  readonly column: TracedColumn;
  readonly value: unknown;
}

const LEAST_PREFIX = 8;
const MAX_LISTED = 5;

/** Finds the one row of a table that a key means. */
export async function findRow(database: Database, table: TracedTable, key: RowKey): Promise<FoundRow> {
  const parts = readKey(table, key);
  if (parts.length === 0) {
    throw new UsageError("KEY_MISSING", `${titleOf(table)}: give the key of a row.`, { hint: nextStep(table) });
  }
  const rows = await selectRows(database, table, parts, false);
  const isPrefix = rows.length === 0 && parts.some(mayBePrefix);
  const found = isPrefix ? await selectRows(database, table, parts, true) : rows;
  const [row, ...others] = found;
  const said = parts.map(({ column, value }) => `${column.name} ${String(value)}`).join(", ");
  if (row === undefined) {
    throw new UsageError("ROW_NOT_FOUND", `${titleOf(table)} has no row with ${said}.`, { hint: nextStep(table) });
  }
  if (others.length === 0) return row;
  const names = found.map((each) => Object.values(each.key).map(String).join(" "));
  const missing = table.primaryKey.filter((column) => !parts.some((part) => part.column === column));
  throw new UsageError(
    "ROW_AMBIGUOUS",
    `${titleOf(table)} has several rows with ${said}${table.primaryKey.length === 0 ? "" : `: ${quoteList(names, MAX_LISTED - 1)}`}.`,
    {
      hint:
        missing.length > 0 && !isPrefix
          ? `Give ${missing.map(({ name }) => name).join(", ")} too. ${nextStep(table)}`
          : "Give more of the key, or another column as column=value.",
      details: { keys: found.map((each) => each.key) },
    },
  );
}

function readKey(table: TracedTable, key: RowKey): readonly KeyPart[] {
  if (typeof key === "object" && !Array.isArray(key)) {
    return Object.entries(key).map(([name, value]) => ({ column: findColumn(table, name), value }));
  }
  const given: readonly unknown[] = typeof key === "string" ? [key] : (key as readonly unknown[]);
  const [only, ...more] = given;
  // A composite key as plans and errors print it.
  const list =
    more.length === 0 && table.primaryKey.length > 1 && typeof only === "string" ? readList(only) : undefined;
  const values = list?.length === table.primaryKey.length ? list : given;
  const pairs = values.map((value) => readPair(table, value));
  const left = table.primaryKey.filter((column) => !pairs.some((pair) => pair?.column === column));
  return values.map((value, index): KeyPart => {
    const pair = pairs[index];
    if (pair !== undefined) return pair;
    const column = left.shift();
    if (column !== undefined) return { column, value };
    const keys = table.primaryKey.map((each) => each.name).join(", ");
    throw new UsageError(
      "KEY_TOO_LONG",
      `${titleOf(table)} has ${keys === "" ? "no primary key" : `the primary key ${keys}`}, so there is no column for "${String(value)}".`,
      { hint: "Write column=value for other columns." },
    );
  });
}

function readPair({ columns }: TracedTable, value: unknown): KeyPart | undefined {
  const [, name, text = ""] = (typeof value === "string" && /^(\w+)=(.*)$/s.exec(value)) || [];
  const column = columns.find((each) => each.name === name);
  return column === undefined ? undefined : { column, value: text };
}

function findColumn(table: TracedTable, name: string): TracedColumn {
  const column = table.columns.find((each) => each.name === name);
  if (column !== undefined) return column;
  const names = table.columns.map((each) => each.name);
  throw new UsageError("COLUMN_NOT_FOUND", `${titleOf(table)} has no column "${name}".${didYouMean(name, names)}`);
}

const isText = ({ sqlType }: TracedColumn) => /^(text|character|uuid)/.test(sqlType);
const mayBePrefix = ({ column, value }: KeyPart) =>
  isText(column) && typeof value === "string" && value.length >= LEAST_PREFIX;

async function selectRows(
  database: Database,
  table: TracedTable,
  parts: readonly KeyPart[],
  isPrefix: boolean,
): Promise<readonly FoundRow[]> {
  const parameters = new Parameters();
  const conditions = parts.map((part) => {
    const name = `t.${quoteName(part.column.name)}`;
    if (part.value === null) return `${name} is null`;
    if (isPrefix && mayBePrefix(part)) return `starts_with(${name}::text, ${parameters.add(part.value)})`;
    // Compared as what it is, so that an index serves; JSON has no equality.
    return `${name}${part.column.sqlType === "json" ? "::text" : ""} = ${parameters.add(part.value)}`;
  });
  const order = table.primaryKey.map(({ name }) => `t.${quoteName(name)}`).join(", ");
  const text = `select ${rowColumnsSql(table, "t").join(", ")} from ${table.relation} t
    where ${conditions.join(" and ")} ${order === "" ? "" : `order by ${order}`} limit ${MAX_LISTED}`;
  const rows = await ifReadable(
    database.use(async (client) => client.query<unknown[]>({ text, values: parameters.values, rowMode: "array" })),
  );
  return rows?.rows.map((values) => readRow(table, values)) ?? [];
}

/** The result of a query, or undefined when a value is invalid for its column's type: then no row has it. */
export async function ifReadable<Result>(query: Promise<Result>): Promise<Result | undefined> {
  try {
    return await query;
  } catch (error) {
    if (String((error as { code?: unknown }).code).startsWith("22")) return undefined;
    throw error;
  }
}

const titleOf = ({ name, model }: TracedTable) => (model === undefined ? `Table "${name}"` : `Model "${model.name}"`);

const nextStep = ({ name, model }: TracedTable) => `\`millrace show ${model?.name ?? name}\` shows its rows.`;
