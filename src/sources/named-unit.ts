import type { Parameters } from "../database/sql-text.ts";
import { unitName } from "./unit-key.ts";

const SHORTEST_BEGINNING = 4;

/** The columns that name a unit, as SQL. */
export interface UnitColumns {
  readonly sourceKey: string;
  readonly documentId: string;
  /** The table of documents. */
  readonly documents: string;
}

/** SQL that is true for the unit a person means: its whole key, the parts of it, its beginning, or its document's path. */
export function namedUnitSql(
  key: readonly string[],
  { sourceKey, documentId, documents }: UnitColumns,
  parameters: Parameters,
): string {
  const [only = "", ...more] = key;
  if (more.length > 0) return `${sourceKey} = any(${parameters.add(namesOfParts(key))})`;
  const given = parameters.add(unitName(only));
  const matches = only.length < SHORTEST_BEGINNING ? `${sourceKey} = ${given}` : `starts_with(${sourceKey}, ${given})`;
  const ofDocument = `select from ${documents} d where coalesce(d.path, d.source_url) = ${given} and d.id = ${documentId}`;
  return `(${matches} or exists (${ofDocument}))`;
}

/** The names that a unit of these parts may have: a number is a text or a number, which nobody who gives it can say. */
function namesOfParts(parts: readonly string[]): readonly string[] {
  const lists = parts.reduce<readonly (readonly string[])[]>(
    (known, part) => {
      const ways = [JSON.stringify(part), ...(/^(-?\d+(\.\d+)?|true|false|null)$/.test(part) ? [part] : [])];
      return known.flatMap((list) => ways.map((way) => [...list, way]));
    },
    [[]],
  );
  return lists.map((list) => unitName(`[${list.join(", ")}]`));
}
