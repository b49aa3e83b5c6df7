import { isDeepStrictEqual } from "node:util";
import type { AnyModel } from "../model/any-model.ts";
import { createValueEncoder } from "../table/encode/encode-value.ts";
import { describeTable } from "../table/table-shape.ts";

type Row = Readonly<Record<string, unknown>>;

/** Rows that should be there and are not, the other way round, and pairs of one key that differ. */
export interface RowDifference {
  readonly columns: readonly string[];
  readonly missing: readonly Row[];
  readonly unexpected: readonly Row[];
  readonly changed: readonly { readonly expected: Row; readonly actual: Row }[];
}

/** How rows differ in the columns that the expected ones name; undefined when they do not. */
export function compareRows(
  model: AnyModel,
  { expected, actual }: { readonly expected: readonly object[]; readonly actual: readonly object[] },
): RowDifference | undefined {
  const named = new Set(expected.flatMap((row) => Object.keys(row)));
  const columns = named.size === 0 ? [...new Set(actual.flatMap((row) => Object.keys(row)))] : [...named];
  const comparable = comparableValues(model);
  const pick = (row: object): Row =>
    Object.fromEntries(columns.map((column) => [column, comparable(column, (row as Row)[column])]));
  const left = actual.map(pick);
  const missing: Row[] = [];
  for (const row of expected.map(pick)) {
    const at = left.findIndex((other) => isDeepStrictEqual(row, other));
    if (at < 0) missing.push(row);
    else left.splice(at, 1);
  }
  if (missing.length === 0 && left.length === 0) return undefined;
  return pairByKey(model, { columns, missing, unexpected: left });
}

// A row that is there with other values is one difference, not two.
function pairByKey(model: AnyModel, difference: Omit<RowDifference, "changed">): RowDifference {
  const { columns, missing, unexpected } = difference;
  const { primaryKey, columns: declared } = describeTable(model.table);
  const keys = primaryKey.map((name) => declared.find((column) => column.name === name)?.key ?? name);
  if (keys.length === 0 || keys.some((key) => !columns.includes(key))) return { ...difference, changed: [] };
  const left = [...unexpected];
  const changed = missing.flatMap((expected) => {
    const at = left.findIndex((row) => keys.every((key) => isDeepStrictEqual(row[key], expected[key])));
    const [actual] = at < 0 ? [] : left.splice(at, 1);
    return actual === undefined ? [] : [{ expected, actual }];
  });
  const paired = new Set(changed.map(({ expected }) => expected));
  return { columns, missing: missing.filter((row) => !paired.has(row)), unexpected: left, changed };
}

/** Values as they would stand in the table: a date and its text are the same, and so are 1.50 and 1.5 as numeric. */
function comparableValues(model: AnyModel): (key: string, value: unknown) => unknown {
  const { columns } = describeTable(model.table);
  const encoders = new Map(
    columns.map(({ key, column }) => {
      const encode = createValueEncoder(column, { removed: 0 });
      const isJson = column.dataType === "json";
      return [key, (value: unknown) => (isJson ? value : readable(column.dataType, encode(value), column.columnType))];
    }),
  );
  return (key, value) => {
    if (value === null || value === undefined) return null;
    const encode = encoders.get(key);
    if (encode === undefined) return undeclared(value);
    try {
      return encode(value);
    } catch {
      // What the column cannot hold equals nothing that it can.
      return value;
    }
  };
}

// The driver gives the larger numbers as texts; which they are only a declared column knows.
function undeclared(value: unknown): unknown {
  const isNumber = typeof value === "bigint" || (typeof value === "string" && /^-?\d+(\.\d+)?$/.test(value));
  return isNumber ? Number(value) : value;
}

function readable(dataType: string, text: string, columnType: string): unknown {
  if (dataType === "number" || columnType.startsWith("PgNumeric")) return Number(text);
  return dataType === "boolean" ? text === "t" || text === "true" : text;
}
