import { type PgArray, type PgColumn, PgEnumColumn } from "drizzle-orm/pg-core";

/** The enum a column or its elements are of. */
export function enumOf(column: PgColumn): { readonly name: string; readonly values: readonly string[] } | undefined {
  if (column.columnType === "PgArray") return enumOf((column as PgArray<never, never>).baseColumn);
  return isEnum(column) ? { name: column.enum.enumName, values: column.enum.enumValues } : undefined;
}

function isEnum(column: PgColumn): column is PgColumn & { enum: { enumName: string; enumValues: string[] } } {
  return column instanceof PgEnumColumn || column.columnType === "PgEnumObjectColumn";
}
