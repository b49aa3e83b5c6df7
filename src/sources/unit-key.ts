import type { BoundColumn } from "./bound-source.ts";
import { columnRef } from "../database/sql-text.ts";

type KeyColumn = Pick<BoundColumn, "name" | "sqlType">;

/** SQL of a unit's name: the key itself, or a JSON list of its parts. */
export function sourceKeySql(keys: readonly KeyColumn[], alias: string): string {
  const column = (key: KeyColumn) => columnRef(alias, key);
  const [only, ...more] = keys;
  if (only !== undefined && more.length === 0) return `coalesce(${column(only)}::text, '[null]')`;
  return `jsonb_build_array(${keys.map(column).join(", ")})::text`;
}

/** The way back: a unit's name as a JSON list of its parts; undefined for a name that other keys have made. */
export function unitKeyList(sourceKey: string, keys: readonly KeyColumn[]): string | undefined {
  const [only, ...more] = keys;
  if (only !== undefined && more.length === 0) {
    if (sourceKey === "[null]") return sourceKey;
    return /^jsonb?$/.test(only.sqlType) ? `[${sourceKey}]` : JSON.stringify([sourceKey]);
  }
  return readList(sourceKey)?.length === keys.length ? sourceKey : undefined;
}

/** A JSON list as its members; undefined for any other text. */
export function readList(text: string): readonly unknown[] | undefined {
  if (!text.startsWith("[")) return undefined;
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) ? list : undefined;
  } catch {
    return undefined;
  }
}
