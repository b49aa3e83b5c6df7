import { UsageError } from "../core/errors.ts";

/** Postgres cuts longer names, and then takes two for one, or does not find what it has made. */
const NAME_BYTES = 63;
/** Columns that every table of Postgres has. */
const SYSTEM_COLUMNS = new Set(["tableoid", "ctid", "xmin", "cmin", "xmax", "cmax"]);

/** What is wrong with a name in the database, in words; undefined when Postgres keeps it as it is. */
export function nameProblem(name: string): string | undefined {
  if (name === "") return "is empty";
  if (name.includes("\0")) return "has the character U+0000 in it";
  const bytes = Buffer.byteLength(name);
  return bytes > NAME_BYTES ? `has ${bytes} bytes, and Postgres keeps ${NAME_BYTES} of a name` : undefined;
}

/** Refuses a table, or view, that Postgres would call something else or not find. */
export function refuseTableName(table: string): void {
  const problem =
    nameProblem(table) ??
    (table.includes(".") ? "has a dot in it: which schema tables go into is the project's `target`" : undefined) ??
    (table.startsWith("pg_") ? "begins with pg_, where Postgres looks into its own catalog" : undefined) ??
    (table.startsWith("millrace_") ? "begins with millrace_, as tables of Millrace's own do" : undefined);
  if (problem === undefined) return;
  throw new UsageError("NAME_INVALID", `The table name ${JSON.stringify(table)} ${problem}.`, {
    hint: "Give the table another name.",
  });
}

/** Refuses a column that cannot be made. */
export function refuseColumnName(table: string, column: string): void {
  const problem =
    nameProblem(column) ?? (SYSTEM_COLUMNS.has(column) ? "is one that every table of Postgres has" : undefined);
  if (problem === undefined) return;
  throw new UsageError("NAME_INVALID", `The column name ${JSON.stringify(column)} of table "${table}" ${problem}.`, {
    hint: "Give the column another name.",
  });
}

/** Refuses the name of an enum that Postgres would cut. */
export function refuseTypeName(type: string): void {
  const problem = nameProblem(type);
  if (problem === undefined) return;
  throw new UsageError("NAME_INVALID", `The name ${JSON.stringify(type)} of an enum ${problem}.`, {
    hint: "Give the enum another name.",
  });
}
