import type { BoundSource } from "../../sources/bound-source.ts";
import { conditionsSql } from "../../sources/conditions.ts";
import { columnRef, Parameters, type Sql } from "../../database/sql-text.ts";
import { rowDigestSql } from "../../sources/row-digest.ts";
import type { UnitPlan } from "./unit-plan.ts";
import { keyName } from "./unit-query.ts";

/** Rows of the units in a temporary table of the connection, by the unit's ordinal. */
export const COPY = "pg_temp.millrace_copied_rows";

export interface UnitRange {
  readonly work: string;
  readonly after: number;
  readonly upTo: number;
  /** The rows are taken from `COPY` instead of the source. */
  readonly isCopied: boolean;
}

/** Copies the rows of all units, for a source in which finding those of some units takes as long as finding all. */
export function copyRowsSql(plan: UnitPlan, work: string): Sql {
  const { source, keys } = plan;
  const parameters = new Parameters();
  const ofUnits = plan.matched.flatMap(({ match }) => match.map(({ unitKey }) => source.find(unitKey)));
  const names = new Set([...keys, ...source.columns, ...source.primaryKey, ...ofUnits].map(({ name }) => name));
  return {
    text: `create temp table ${COPY.replace("pg_temp.", "")} as
      select w.ordinal as millrace_ordinal, ${[...names].map((name) => columnRef("s", { name })).join(", ")}
      from ${work} w join ${source.relation} s on ${sameUnitSql(plan)}
      where w.reason <> 'deleted' and ${conditionsSql(source.definition, "s", parameters)} order by w.ordinal`,
    values: parameters.values,
  };
}

/** True for the rows `s` of the unit `w`. Unlike `is not distinct from` two arrays that hold null can be hashed. */
export function sameUnitSql({ keys, source }: UnitPlan): string {
  return keys
    .map((key, index) => {
      const [left, right] = [columnRef("s", key), `w.${keyName(index)}`];
      return key.notNull && !source.isView ? `${left} = ${right}` : `array[${left}] = array[${right}]`;
    })
    .join(" and ");
}

/**
 * Reads the rows of the units between two ordinals: unit, document, digest of the row, digest of the matched rows, then the columns.
 * The digest comes from the very rows that the model will see.
 */
export function fetchUnitsSql(plan: UnitPlan, range: UnitRange): Sql {
  const { source, keys } = plan;
  const parameters = new Parameters();
  const order = ["w.ordinal", ...source.primaryKey.map((key) => columnRef("s", key))];
  return {
    text: `select w.ordinal, w.source_key, w.document_id, ${rowDigestSql(source.columns, "s")}, w.side_hash,
        ${[...keys, ...source.columns].map((each) => columnRef("s", each)).join(", ")}
      from ${rowsOfUnitsSql(plan, range, parameters)} order by ${order.join(", ")}`,
    values: parameters.values,
  };
}

function rowsOfUnitsSql(plan: UnitPlan, { work, after, upTo, isCopied }: UnitRange, parameters: Parameters): string {
  const { source } = plan;
  const inRange = `w.ordinal > ${parameters.add(after)} and w.ordinal <= ${parameters.add(upTo)}`;
  if (isCopied) return `${work} w join ${COPY} s on s.millrace_ordinal = w.ordinal where ${inRange}`;
  const definition = conditionsSql(source.definition, "s", parameters);
  return `${work} w join ${source.relation} s on ${sameUnitSql(plan)} where ${inRange} and ${definition}`;
}

/** Reads the rows of a source that match the units between two ordinals: the ordinal, then the columns. */
export function fetchMatchedSql(plan: UnitPlan, matched: BoundSource, range: UnitRange): Sql {
  const parameters = new Parameters();
  const matching = matched.match.map(
    ({ unitKey }, part) => `${columnRef("s", plan.source.find(unitKey))} as match_${part}`,
  );
  const onMatch = matched.match.map((pair, part) => `${columnRef("m", pair.column)} = unit.match_${part}`);
  return {
    text: `with unit as (
        select distinct w.ordinal, ${matching.join(", ")} from ${rowsOfUnitsSql(plan, range, parameters)})
      select unit.ordinal, ${matched.columns.map((each) => columnRef("m", each)).join(", ")}
      from unit join ${matched.relation} m on ${onMatch.join(" and ")}
      where ${conditionsSql([...matched.definition, ...matched.scope], "m", parameters)}
      order by ${["unit.ordinal", ...matched.primaryKey.map((key) => columnRef("m", key))].join(", ")}`,
    values: parameters.values,
  };
}
