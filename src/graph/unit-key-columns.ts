import type { ErrorCode } from "../core/error-codes.ts";
import { isWidening, normalizeType } from "../table/schema/column-type.ts";
import type { ColumnShape, TableShape } from "../table/table-shape.ts";
import { writtenColumns } from "../table/encode/written-columns.ts";

/** A column of a unit's key, as in its source. */
export interface UnitKeyColumn {
  readonly key: string;
  readonly name: string;
  readonly sqlType: string;
}

export interface UnitKeySource {
  /** The `id` of documents is the document column of other tables. */
  readonly isDocuments: boolean;
  readonly name: string;
}

/** The column of a model's own table that says which unit a row belongs to; its query must return it. */
export function ownKeyColumn(
  shape: TableShape,
  { key, name }: Pick<UnitKeyColumn, "key" | "name">,
  { isDocuments }: Pick<UnitKeySource, "isDocuments">,
): ColumnShape | undefined {
  const given = writtenColumns(shape).filter((column) => !column.isBase);
  const isDocument = isDocuments && key === "id";
  const document = isDocument ? given.find((column) => column.name === shape.documentColumn) : undefined;
  return document ?? given.find((column) => column.key === key) ?? given.find((column) => column.name === name);
}

/** What is wrong with the table of a query that works in units; undefined when each row says which unit it belongs to. */
export function unitKeyProblem(
  shape: TableShape,
  keys: readonly UnitKeyColumn[],
  source: UnitKeySource,
): { readonly code: ErrorCode; readonly message: string } | undefined {
  for (const key of keys) {
    const own = ownKeyColumn(shape, key, source);
    const wanted = source.isDocuments && key.key === "id" ? "documentId" : key.key;
    if (own === undefined) {
      return {
        code: "UNIT_KEY_MISSING",
        message: `table "${shape.name}" has no column "${wanted}" for its query to fill, so nothing says which unit of "${source.name}" a row belongs to.`,
      };
    }
    if (!isSameType(key.sqlType, own.sqlType)) {
      return {
        code: "UNIT_KEY_TYPE",
        message: `column "${own.key}" of table "${shape.name}" is ${own.sqlType}, but the key of "${source.name}" that it holds is ${key.sqlType}. Declare it with the same type.`,
      };
    }
  }
  return undefined;
}

function isSameType(left: string, right: string): boolean {
  const [from = "", to = ""] = [left, right].map((type) => normalizeType(type).replace(/\([\d,-]+\)/, ""));
  return from === to || isWidening(from, to) || isWidening(to, from);
}
