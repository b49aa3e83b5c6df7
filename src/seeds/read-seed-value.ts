import type { ColumnShape } from "../table/table-shape.ts";

type Read = { readonly value: unknown } | { readonly problem: string };

const TRUE = new Set(["true", "t", "yes", "y", "1", "on"]);
const FALSE = new Set(["false", "f", "no", "n", "0", "off"]);

/** A field as a value of its column's type. What is no text stands as it is: JSON has types of its own. */
export function readSeedValue(field: unknown, { column }: ColumnShape): Read {
  if (field === null || field === undefined) return { value: null };
  if (typeof field !== "string") return { value: field };
  const text = field.trim();
  switch (column.dataType) {
    case "number":
      return text !== "" && Number.isFinite(Number(text)) ? { value: Number(text) } : { problem: "is not a number" };
    case "bigint":
      return /^[+-]?\d+$/.test(text) ? { value: BigInt(text) } : { problem: "is not an integer" };
    case "boolean":
      if (TRUE.has(text.toLowerCase())) return { value: true };
      return FALSE.has(text.toLowerCase()) ? { value: false } : { problem: "is neither true nor false" };
    case "date":
      return readDate(text);
    case "json":
      return readJson(field);
    default:
      return { value: field };
  }
}

function readDate(text: string): Read {
  // Without a zone it is UTC, as everywhere in the database.
  const hasZone = /(?:z|[+-]\d\d(?::?\d\d)?)$/i.test(text) || !text.includes(":");
  const date = new Date(hasZone ? text : `${text.replace(" ", "T")}Z`);
  return Number.isNaN(date.getTime()) ? { problem: "is not a date or time" } : { value: date };
}

function readJson(text: string): Read {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return { problem: "is not valid JSON" };
  }
}
