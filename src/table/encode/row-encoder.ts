import { MillraceError } from "../../core/errors.ts";
import { didYouMean } from "../../core/text.ts";
import { copyField, copyJsonField, NULL_FIELD, type NulCounter, ValueProblem } from "./clean-text.ts";
import { createValueEncoder, type ValueEncoder } from "./encode-value.ts";
import { describeType } from "./encode-time.ts";
import type { TableShape } from "../table-shape.ts";
import { type WrittenColumn, writtenColumns } from "./written-columns.ts";

/** One row as a line of a `COPY` in text format, with the columns of `lineColumns`, without a newline. */
export interface EncodedRow {
  readonly line: string;
  /** How many U+0000 were removed from the row's texts. */
  readonly nulCharacters: number;
}

/** Checks rows and turns them into lines; a row that does not fit its table is `ROW_INVALID`. */
export interface RowEncoder {
  encode(row: unknown): EncodedRow;
}

interface ColumnEncoder {
  readonly column: WrittenColumn;
  readonly encode: ValueEncoder;
  /** Makes the value's text a field; types whose text never has a tab, a newline or a backslash need nothing. */
  readonly escape: ((text: string) => string) | undefined;
  readonly resolveDefault: (() => unknown) | undefined;
}

const PLAIN_TYPES =
  /^Pg(SmallInt|Integer|BigInt|Serial|BigSerial|SmallSerial|Real|DoublePrecision|Numeric|Boolean|Timestamp|Date|UUID)/;

export function createRowEncoder(shape: TableShape): RowEncoder {
  const nul: NulCounter = { removed: 0 };
  const encoders = writtenColumns(shape).map((column) => createColumnEncoder(column, nul));
  const markers = encoders.filter(({ column }) => column.givenColumn !== undefined).map(({ column }) => column.key);
  const keys = new Set(encoders.map(({ column }) => column.key));

  function encode(row: unknown): EncodedRow {
    if (row === null || typeof row !== "object" || Array.isArray(row)) throw notARow(shape, row);
    nul.removed = 0;
    let line = "";
    let given = 0;
    let current: ColumnEncoder | undefined;
    try {
      for (let index = 0; index < encoders.length; index += 1) {
        current = encoders[index] as ColumnEncoder;
        const value = (row as Record<string, unknown>)[current.column.key];
        if (value !== undefined) given += 1;
        if (index > 0) line += "\t";
        line += encodeField(current, value);
      }
    } catch (error) {
      if (!(error instanceof ValueProblem) || current === undefined) throw error;
      // A value that is missing is most often there under a misspelled key.
      if ((row as Record<string, unknown>)[current.column.key] === undefined) refuseUnknownKeys(shape, row, keys);
      throw invalidColumn(shape, current.column, error);
    }
    for (const key in row) if ((row as Record<string, unknown>)[key] !== undefined) given -= 1;
    if (given !== 0) refuseUnknownKeys(shape, row, keys);
    for (const key of markers) line += (row as Record<string, unknown>)[key] === undefined ? "\tf" : "\tt";
    return { line, nulCharacters: nul.removed };
  }

  return { encode };
}

function createColumnEncoder(column: WrittenColumn, nul: NulCounter): ColumnEncoder {
  const { columnType, defaultFn, onUpdateFn, default: literal } = column.column;
  const resolveDefault =
    column.databaseDefault !== undefined
      ? () => undefined
      : literal !== undefined
        ? () => literal
        : (defaultFn ?? onUpdateFn);
  return {
    column,
    encode: createValueEncoder(column.column, nul),
    escape: PLAIN_TYPES.test(columnType) ? undefined : /^PgJsonb?$/.test(columnType) ? copyJsonField : copyField,
    resolveDefault,
  };
}

function encodeField({ column, encode, escape, resolveDefault }: ColumnEncoder, given: unknown): string {
  const value = given === undefined && resolveDefault !== undefined ? resolveDefault() : given;
  if (value === undefined || value === null) {
    if (column.notNull && (given === null || column.databaseDefault === undefined)) {
      throw new ValueProblem(
        given === null ? "is null, and the column is NOT NULL" : "is missing",
        "Return a value for it, or give the column a default.",
      );
    }
    return NULL_FIELD;
  }
  const text = encode(value);
  return escape === undefined ? text : escape(text);
}

function refuseUnknownKeys(shape: TableShape, row: object, known: ReadonlySet<string>): void {
  for (const key of Object.keys(row)) {
    if (known.has(key) || (row as Record<string, unknown>)[key] === undefined) continue;
    const column = shape.columns.find((each) => each.key === key);
    const reason =
      column === undefined
        ? `has no column "${key}".${didYouMean(key, [...known])}`
        : column.isBase
          ? `has a column "${key}" that Millrace fills itself.`
          : `has a column "${key}" that the database fills itself.`;
    throw new MillraceError("ROW_INVALID", `A row cannot be written: table "${shape.name}" ${reason}`, {
      hint: column === undefined ? "Fix the key, or add the column to the table." : `Leave "${key}" out of the row.`,
      details: { table: shape.name, column: key },
    });
  }
}

function invalidColumn(shape: TableShape, column: WrittenColumn, problem: ValueProblem): MillraceError {
  return new MillraceError(
    "ROW_INVALID",
    `A row of table "${shape.name}" cannot be written: "${column.key}" ${problem.message}.`,
    {
      hint: problem.hint ?? `Return a value that fits ${column.sqlType}.`,
      details: { table: shape.name, column: column.key, reason: problem.message },
    },
  );
}

function notARow(shape: TableShape, row: unknown): MillraceError {
  return new MillraceError(
    "ROW_INVALID",
    `A row of table "${shape.name}" must be an object, not ${describeType(row)}.`,
    {
      hint: "Return one object per row, with the table's keys.",
      details: { table: shape.name },
    },
  );
}
