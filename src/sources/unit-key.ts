import { sha256 } from "../core/hash.ts";
import { columnRef } from "../database/sql-text.ts";
import type { BoundColumn } from "./bound-source.ts";

type KeyColumn = Pick<BoundColumn, "name" | "sqlType">;

/** Types of which equal values are written alike, and none is long. */
const EXACT = /^(smallint|integer|bigint|serial|bigserial|smallserial|boolean|uuid|date|timestamp|oid)\b/;
/** An index takes no more than 2,700 bytes, of which a model's name is a part. */
const LONGEST_BYTES = 1_000;
const BEGINNING = 200;
const SHORTENED = /…[0-9a-f]{64}$/;

/**
 * SQL of a unit's name: the key itself, or a JSON list of its parts; of a long one its beginning and a digest. Names are
 * compared as bytes, whatever a column takes for equal. In a group, whose rows may write one key differently, the name
 * does not depend on the order in which they are found.
 */
export function sourceKeySql(
  keys: readonly KeyColumn[],
  alias: string,
  { isGroup = false }: { readonly isGroup?: boolean } = {},
): string {
  const part = (key: KeyColumn): string => {
    const column = columnRef(alias, key);
    return isGroup && !EXACT.test(key.sqlType) ? `min(${column}::text collate "C")::${key.sqlType}` : column;
  };
  const [only, ...more] = keys;
  const name =
    only !== undefined && more.length === 0
      ? `coalesce(${part(only)}::text, '[null]')`
      : `jsonb_build_array(${keys.map(part).join(", ")})::text`;
  const bounded = keys.every(({ sqlType }) => EXACT.test(sqlType))
    ? name
    : `case when octet_length(${name}) <= ${LONGEST_BYTES} then ${name}
        else left(${name}, ${BEGINNING}) || '…' || encode(sha256(convert_to(${name}, 'UTF8')), 'hex') end`;
  return `(${bounded}) collate "default"`;
}

/** The name of the unit whose key is written like this. */
export function unitName(key: string): string {
  if (Buffer.byteLength(key) <= LONGEST_BYTES) return key;
  return `${Array.from(key).slice(0, BEGINNING).join("")}…${sha256(key)}`;
}

/** True for the name of a unit whose key is longer. */
export const isShortened = (sourceKey: string): boolean => SHORTENED.test(sourceKey);

/** The way back: a unit's name as a JSON list of its parts; undefined for one that is shortened, or of other keys. */
export function unitKeyList(sourceKey: string, keys: readonly KeyColumn[]): string | undefined {
  if (isShortened(sourceKey)) return undefined;
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
