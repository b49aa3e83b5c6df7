import { conditionsSql } from "../../sources/conditions.ts";
import type { Condition } from "../../sources/bound-source.ts";
import { columnRef, Parameters, type Sql } from "../../database/sql-text.ts";
import { rowDigestSql, rowsDigestSql } from "../../sources/row-digest.ts";
import { sourceKeySql } from "../../sources/unit-key.ts";
import { failedUnitsSql } from "../../state/unit-state.ts";
import { type UnitPlan, WORK_REASONS } from "./unit-plan.ts";

export const keyName = (index: number) => `key_${index}`;

/**
 * Creates the work table: the units in scope that have to be processed, and after them those to be deleted. Unlike an
 * insert this may compare with several processes of the server, and it makes the one table at once.
 */
export function createWorkSql(
  plan: UnitPlan,
  { work, system }: { readonly work: string; readonly system: string },
): Sql {
  const parameters = new Parameters();
  const order = ["reason = 'waiting'", "reason = 'deleted'", ...plan.keys.map((_, index) => keyName(index))].join(", ");
  const names = plan.keys.map((_, index) => keyName(index)).join(", ");
  const reasons = parameters.add([...WORK_REASONS, "deleted", "waiting"]);
  return {
    text: `create temp table ${work} as
      select ${names}, source_key, document_id, side_hash, reason, row_number() over (order by ${order}) as ordinal
      from (${unitReasonsSql(plan, system, parameters)}) as unit where reason = any(${reasons}) order by ${order}`,
    values: parameters.values,
  };
}

/**
 * SQL of every unit in scope, with its key columns, its digests and the reason why it will run or not. Units of the
 * ledger whose key is no longer in the source are `deleted`.
 */
export function unitReasonsSql(plan: UnitPlan, system: string, parameters: Parameters): string {
  const { fingerprint, keepsOutput, scope, source } = plan;
  const known = fingerprint.known.map(({ hash, difference }) => ({
    hash,
    reason:
      difference === undefined ? null : keepsOutput && difference.reason !== "upstream" ? "kept" : difference.reason,
  }));
  const hashes = parameters.add(known.map(({ hash }) => hash));
  const differences = parameters.add(known.map(({ reason }) => reason));
  const model = parameters.add(plan.model);
  const ledger = `(select * from ${system}.unit_state where model = ${model} and ${plan.isTableMissing ? "false" : "true"})`;
  const conditions: string[] = [];
  if (scope.retry !== undefined) {
    conditions.push("u.status in ('error', 'stale', 'quarantined')");
    if (scope.retry.codes !== undefined) conditions.push(`u.error_code = any(${parameters.add(scope.retry.codes)})`);
  }
  const isRetry = scope.retry === undefined ? "u.status in ('error', 'stale')" : "u.status <> 'done'";
  const unchanged =
    scope.fullRunId === undefined
      ? "case when known.reason = 'kept' or u.status = 'kept' then 'kept' else 'unchanged' end"
      : `case when u.run_id = ${parameters.add(scope.fullRunId)} then 'unchanged' else 'full' end`;
  const quarantined = scope.fullRunId === undefined ? "when u.status = 'quarantined' then 'quarantined'" : "";
  // A unit that would not run anyway does not wait.
  const isDue = `(u.model is null or known.hash is null or known.reason <> 'kept' or ${isRetry}
        or u.input_hash is distinct from unit.input_hash or u.side_hash is distinct from unit.side_hash
        ${scope.fullRunId === undefined ? "" : "or true"})`;
  const waits = plan.members === undefined ? "" : `when unit.is_waiting and ${isDue} then 'waiting'`;
  const units = plan.isGroup ? groupUnitsSql(plan, system, parameters) : rowUnitsSql(plan, parameters);
  const names = plan.keys.map((_, index) => `unit.${keyName(index)}`);
  // A run that sees a part of the source cannot tell by its units what is gone; it looks for each key.
  const seesAll = scope.sample === undefined && scope.retry === undefined && source.scope.length === 0;
  const isLimited = isLimitedToDocuments(plan);
  return `select ${names.join(", ")}, coalesce(unit.source_key, u.source_key) as source_key, unit.document_id,
        unit.side_hash, unit.input_hash, u.status, u.program_hash, u.document_id as stored_document_id,
        u.input_hash is distinct from unit.input_hash as has_other_rows,
        u.side_hash is distinct from unit.side_hash as has_other_matches, case
        ${waits}
        when unit.source_key is null then 'deleted'
        when u.model is null then 'new'
        when known.hash is null then 'code'
        when known.reason <> 'kept' then known.reason
        when u.input_hash is distinct from unit.input_hash then 'changed'
        when u.side_hash is distinct from unit.side_hash then 'upstream'
        when ${isRetry} then 'retry'
        ${quarantined}
        else ${unchanged} end as reason
      from ${scope.sample === undefined ? `(${units})` : sampleSql(units, parameters.add(scope.sample))} as unit
      ${seesAll && !isLimited ? "full" : "left"} join ${ledger} u on u.source_key = unit.source_key
      left join unnest(${hashes}::text[], ${differences}::text[]) as known (hash, reason) on known.hash = u.program_hash
      ${conditions.length === 0 ? "" : `where ${conditions.join(" and ")}`}
      ${seesAll && isLimited ? `union all ${vanishedUnitsSql(plan, ledger, parameters)}` : ""}`;
}

// A source whose rows belong to no document is seen in full by every run.
const isLimitedToDocuments = ({ source, scope }: UnitPlan) =>
  scope.documentIds !== undefined && source.documentColumn !== undefined;

// Units of the run's documents whose key is nowhere in the source any more.
function vanishedUnitsSql({ source, keys, scope }: UnitPlan, ledger: string, parameters: Parameters): string {
  const nothing = keys.map(() => "null").join(", ");
  return `select ${nothing}, u.source_key, u.document_id, null, null, u.status, u.program_hash, u.document_id, true, true, 'deleted'
      from ${ledger} u where u.document_id = any(${parameters.add(scope.documentIds)}) and not exists (
        select from ${source.relation} s
        where ${conditionsSql(source.definition, "s", parameters)} and ${sourceKeySql(keys, "s")} = u.source_key)`;
}

// Which units are in a sample depends only on their names.
const sampleSql = (units: string, size: string) =>
  `(select * from (${units}) as every order by sha256(convert_to(source_key, 'UTF8')) limit ${size})`;

function rowUnitsSql(plan: UnitPlan, parameters: Parameters): string {
  const { source, keys } = plan;
  const scope = conditionsSql([...source.definition, ...scopeOf(plan)], "s", parameters);
  const matched = matchedDigests(plan, parameters);
  return `select ${keys.map((key, index) => `${columnRef("s", key)} as ${keyName(index)}`).join(", ")},
      ${sourceKeySql(keys, "s")} as source_key, ${documentSql(plan)} as document_id,
      ${matchedDigestSql(matched)} as side_hash, ${rowDigestSql(source.columns, "s")} as input_hash
    from ${source.relation} s ${matched.map((each) => each.join).join(" ")} where ${scope}`;
}

function groupUnitsSql(plan: UnitPlan, system: string, parameters: Parameters): string {
  const { source, keys } = plan;
  const matched = matchedDigests(plan, parameters);
  const scope = scopeOf(plan);
  const names = keys.map((key) => columnRef("s", key)).join(", ");
  const having = scope.length === 0 ? "" : `having bool_or(${conditionsSql(scope, "s", parameters)})`;
  const definition = conditionsSql(source.definition, "s", parameters);
  const grouped = [names, ...matched.map((each) => each.digest)].join(", ");
  return `select ${keys.map((key, index) => `${columnRef("s", key)} as ${keyName(index)}`).join(", ")},
      ${sourceKeySql(keys, "s", { isGroup: true })} as source_key, ${documentSql(plan)} as document_id,
      ${matchedDigestSql(matched)} as side_hash, ${rowsDigestSql(rowDigestSql(source.columns, "s"))} as input_hash
      ${isWaitingSql(plan, system, parameters)}
    from ${source.relation} s ${matched.map((each) => each.join).join(" ")} where ${definition}
    group by ${grouped} ${having}`;
}

/** Whether a unit above has failed that wrote one of the group's rows, or that belongs to the group's document. */
function isWaitingSql({ members, source, keys }: UnitPlan, system: string, parameters: Parameters): string {
  if (members === undefined) return "";
  const { ancestors, writer } = members;
  const { documentColumn } = source;
  const conditions: string[] = [];
  if (writer !== undefined) {
    const failed = failedUnitsSql(system, { column: "source_key", models: parameters.add([writer]) });
    conditions.push(`s.source_key = any(${failed})`);
  }
  if (documentColumn !== undefined && keys.some(({ name }) => name === documentColumn.name)) {
    const failed = failedUnitsSql(system, { column: "document_id", models: parameters.add(ancestors) });
    conditions.push(`${columnRef("s", documentColumn)}::text = any(${failed})`);
  }
  const isWaiting = conditions.length === 0 ? "false" : `coalesce(bool_or(${conditions.join(" or ")}), false)`;
  return `, ${isWaiting} as is_waiting`;
}

function scopeOf({ source, scope: { documentIds } }: UnitPlan): readonly Condition[] {
  if (documentIds === undefined || source.documentColumn === undefined) return source.scope;
  return [...source.scope, { column: source.documentColumn, value: documentIds }];
}

// A group belongs to a document when all of its rows do; it is deleted with them, even in a run limited to that document.
function documentSql({ source, keys, isGroup }: UnitPlan): string {
  const { documentColumn } = source;
  if (documentColumn === undefined) return "null::text";
  const id = `${columnRef("s", documentColumn)}::text`;
  if (!isGroup || keys.some((key) => key.name === documentColumn.name)) return id;
  return `case when min(${id}) = max(${id}) and count(${id}) = count(*) then min(${id}) end`;
}

interface MatchedDigest {
  readonly join: string;
  readonly digest: string;
}

function matchedDigests(plan: UnitPlan, parameters: Parameters): readonly MatchedDigest[] {
  return plan.matched.map((source, index) => {
    const alias = `matched_${index}`;
    const by = source.match.map((pair) => columnRef("m", pair.column)).join(", ");
    const named = source.match.map((pair, part) => `${columnRef("m", pair.column)} as match_${part}`).join(", ");
    const on = source.match
      .map((pair, part) => `${alias}.match_${part} = ${columnRef("s", plan.source.find(pair.unitKey))}`)
      .join(" and ");
    const conditions = conditionsSql([...source.definition, ...source.scope], "m", parameters);
    return {
      join: `left join (select ${named}, ${rowsDigestSql(rowDigestSql(source.columns, "m"))} as digest
        from ${source.relation} m where ${conditions} group by ${by}) as ${alias} on ${on}`,
      digest: `coalesce(${alias}.digest, ''::bytea)`,
    };
  });
}

// One digest for any number of sources; none without sources.
const matchedDigestSql = (matched: readonly MatchedDigest[]) =>
  matched.length === 0 ? "null::bytea" : `sha256(${matched.map((each) => each.digest).join(" || ")})`;
