import type { BoundSource } from "../bind-source.ts";
import { columnSql, Parameters, type Sql } from "../sql-text.ts";
import { conditionsSql } from "../conditions.ts";
import { rowDigestSql } from "./unit-digest.ts";
import type { UnitPlan } from "./unit-plan.ts";
import { keyName } from "./unit-query.ts";

/**
 * Reads the rows of the units between two ordinals: unit, document, digest of the row, side digest, then the columns.
 * The digest comes from the very rows that the model will see.
 */
export function fetchUnitsSql(
  plan: UnitPlan,
  options: { readonly work: string; readonly after: number; readonly upTo: number },
): Sql {
  const { source, keys } = plan;
  const parameters = new Parameters();
  const on = keys.map(
    (key, index) => `${columnSql("s", key)} ${key.notNull ? "=" : "is not distinct from"} w.${keyName(index)}`,
  );
  const order = ["w.ordinal", ...source.primaryKey.map((key) => columnSql("s", key))];
  return {
    text: `select w.ordinal, w.source_key, w.document_id, ${rowDigestSql(source.columns, "s")}, w.side_hash,
        ${[...keys, ...source.columns].map((each) => columnSql("s", each)).join(", ")}
      from ${options.work} w join ${source.relation} s on ${on.join(" and ")}
      where w.ordinal > ${parameters.add(options.after)} and w.ordinal <= ${parameters.add(options.upTo)}
        and ${conditionsSql(source.definition, "s", parameters)}
      order by ${order.join(", ")}`,
    values: parameters.values,
  };
}

/** Reads the side rows that match the units between two ordinals: the ordinal, then the columns. */
export function fetchMatchedSql(
  plan: UnitPlan,
  side: BoundSource,
  options: { readonly work: string; readonly after: number; readonly upTo: number },
): Sql {
  const parameters = new Parameters();
  const unitColumns = side.match.map((pair) => plan.source.find(pair.unitKey));
  const onUnit = plan.keys.map(
    (key, index) => `${columnSql("s", key)} ${key.notNull ? "=" : "is not distinct from"} w.${keyName(index)}`,
  );
  const onSide = side.match.map((pair, part) => `${columnSql("m", pair.column)} = unit.match_${part}`);
  return {
    text: `with unit as (
        select distinct w.ordinal, ${unitColumns.map((each, part) => `${columnSql("s", each)} as match_${part}`).join(", ")}
        from ${options.work} w join ${plan.source.relation} s on ${onUnit.join(" and ")}
        where w.ordinal > ${parameters.add(options.after)} and w.ordinal <= ${parameters.add(options.upTo)})
      select unit.ordinal, ${side.columns.map((each) => columnSql("m", each)).join(", ")}
      from unit join ${side.relation} m on ${onSide.join(" and ")}
      where ${conditionsSql([...side.definition, ...side.scope], "m", parameters)}
      order by ${["unit.ordinal", ...side.primaryKey.map((key) => columnSql("m", key))].join(", ")}`,
    values: parameters.values,
  };
}
