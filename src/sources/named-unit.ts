import type { Parameters } from "../database/sql-text.ts";

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
  if (more.length > 0) {
    const parts = parameters.add(key);
    return `(case when ${sourceKey} like '[%' then array(select jsonb_array_elements_text(${sourceKey}::jsonb)) end) = ${parts}::text[]`;
  }
  const given = parameters.add(only);
  const matches = only.length < SHORTEST_BEGINNING ? `${sourceKey} = ${given}` : `starts_with(${sourceKey}, ${given})`;
  const ofDocument = `select from ${documents} d where coalesce(d.path, d.source_url) = ${given} and d.id = ${documentId}`;
  return `(${matches} or exists (${ofDocument}))`;
}
