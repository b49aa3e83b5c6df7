import { quoteName } from "../database/connect.ts";
import type { BoundColumn } from "./bind-source.ts";

type KeyColumn = Pick<BoundColumn, "name" | "sqlType">;

/** SQL of a unit's name: the key itself, or a JSON list of its parts. */
export function sourceKeySql(keys: readonly KeyColumn[], alias: string): string {
  const column = ({ name }: KeyColumn) => `${alias}.${quoteName(name)}`;
  const [only, ...more] = keys;
  if (only !== undefined && more.length === 0) return `coalesce(${column(only)}::text, '[null]')`;
  return `jsonb_build_array(${keys.map(column).join(", ")})::text`;
}
