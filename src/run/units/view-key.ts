import { MillraceError } from "../../core/errors.ts";
import { type Database, quoteName } from "../../database/connect.ts";
import type { BoundSource } from "../../sources/bound-source.ts";
import { conditionsSql } from "../../sources/conditions.ts";
import { Parameters } from "../../database/sql-text.ts";

/** Fails when the rows of a view violate the key that its model declares: a table enforces it, a view does not. */
export async function checkViewKey(database: Database, source: BoundSource, reader: string): Promise<void> {
  const parameters = new Parameters();
  const keys = source.primaryKey.map((key) => `s.${quoteName(key.name)}`);
  const members = source.primaryKey.map((key, index) => `${parameters.add(key.key)}::text, ${keys[index]}`);
  const isMissing = keys.map((key) => `${key} is null`).join(" or ");
  const [found] = await database.query<{ key: unknown; is_missing: boolean }>(
    `select jsonb_build_object(${members.join(", ")}) as key, ${isMissing} as is_missing from ${source.relation} s
     where ${conditionsSql(source.definition, "s", parameters)}
     group by ${keys.join(", ")} having count(*) > 1 or ${isMissing} limit 1`,
    parameters.values,
  );
  if (found === undefined) return;
  const problem = found.is_missing ? "a row without its primary key" : "several rows with the same primary key";
  throw new MillraceError(
    "DUPLICATE_KEY",
    `Model "${reader}" processes the rows of view ${source.relation}, which has ${problem}: ${JSON.stringify(found.key)}.`,
    { hint: "Fix the query of the view, or the primary key of its declared table.", details: { reader } },
  );
}
