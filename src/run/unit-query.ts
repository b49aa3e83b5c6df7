import { quoteName } from "../database/connect.ts";
import type { BoundColumn, BoundSource } from "./bind-source.ts";
import { type Condition, conditionsSql, Parameters } from "./conditions.ts";

/** What decides which units a model has and what they are made of. */
export interface UnitPlan {
  readonly model: string;
  readonly source: BoundSource;
  /** Columns whose values name a unit: the primary key, or the columns of `by`. */
  readonly keys: readonly BoundColumn[];
  readonly isGroup: boolean;
  /** Sources of which a unit sees the rows that match it, and whose changes count. */
  readonly matched: readonly BoundSource[];
  /** Digest of the sources that every unit sees in full; empty without any. */
  readonly wholeDigest: Buffer;
  /** Ids a limited run is about; undefined when it is not limited. */
  readonly documentIds: readonly string[] | undefined;
}

export interface Sql {
  readonly text: string;
  readonly values: readonly unknown[];
}

const column = (alias: string, { name }: BoundColumn) => `${alias}.${quoteName(name)}`;
const keyName = (index: number) => `key_${index}`;

// Types whose numbers differ from database to database would make equal rows look different.
const STABLE =
  /^(text|character varying|varchar|char|character|integer|bigint|smallint|serial|bigserial|smallserial|boolean|real|double precision|numeric|jsonb?|uuid|date|time|timestamp|interval|bytea)\b/;

/** SQL of a row's digest over `columns`, in the order of their names, whatever the session's settings are. */
function rowDigestSql(columns: readonly BoundColumn[], alias: string): string {
  const values = columns
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map((each) => (STABLE.test(each.sqlType) ? column(alias, each) : `${column(alias, each)}::text`));
  return `sha256(record_send(row(${values.join(", ")})))`;
}

/** SQL of the digest of several rows; their order does not matter. */
const rowsDigestSql = (rowDigest: string) => `sha256(string_agg(${rowDigest}, ''::bytea order by ${rowDigest}))`;

/** SQL of a unit's name: the key itself, or a JSON list of its parts. */
function sourceKeySql(keys: readonly BoundColumn[], alias: string): string {
  const [only, ...more] = keys;
  if (only !== undefined && more.length === 0) return `coalesce(${column(alias, only)}::text, '[null]')`;
  return `jsonb_build_array(${keys.map((key) => column(alias, key)).join(", ")})::text`;
}

/** Creates the empty work table with the types of the key columns. */
export function createWorkSql(plan: UnitPlan, work: string): string {
  const keys = plan.keys.map((key, index) => `${column("s", key)} as ${keyName(index)}`);
  return `create temp table ${work} as select ${keys.join(", ")}, ''::text as source_key, ''::text as document_id, ''::bytea as side
    from ${plan.source.relation} s with no data;
    alter table ${work} add column ordinal bigint generated always as identity`;
}

export interface FillWorkOptions {
  readonly work: string;
  readonly system: string;
  readonly programHash: string;
  /** Takes every unit, but not twice in one run. */
  readonly fullRunId: string | undefined;
}

/** Fills the work table with the units in scope whose fingerprint is not the one of their stored output. */
export function fillWorkSql(plan: UnitPlan, options: FillWorkOptions): Sql {
  const parameters = new Parameters();
  const { keys } = plan;
  const names = keys.map((_, index) => keyName(index));
  const model = parameters.add(plan.model);
  const isCurrent = `u.status = 'done' and u.program_hash = ${parameters.add(options.programHash)} and u.input_hash = unit.input_hash`;
  const isKnown =
    options.fullRunId === undefined ? isCurrent : `${isCurrent} and u.run_id = ${parameters.add(options.fullRunId)}`;
  return {
    text: `insert into ${options.work} (${names.join(", ")}, source_key, document_id, side)
      with unit as (${plan.isGroup ? groupUnitsSql(plan, parameters) : rowUnitsSql(plan, parameters)})
      select ${names.map((name) => `unit.${name}`).join(", ")}, unit.source_key, unit.document_id, unit.side
      from unit left join ${options.system}.unit_state u on u.model = ${model} and u.source_key = unit.source_key
      where not coalesce(${isKnown}, false)
      order by ${names.map((name) => `unit.${name}`).join(", ")}`,
    values: parameters.values,
  };
}

function rowUnitsSql(plan: UnitPlan, parameters: Parameters): string {
  const { source, keys } = plan;
  const scope = conditionsSql([...source.definition, ...scopeOf(plan)], "s", parameters);
  const sides = matchedDigests(plan, parameters);
  const parts = [
    rowDigestSql(source.columns, "s"),
    wholeSql(plan, parameters),
    ...sides.map((side) => side.digest),
  ].filter((part) => part !== "");
  return `select ${keys.map((key, index) => `${column("s", key)} as ${keyName(index)}`).join(", ")},
      ${sourceKeySql(keys, "s")} as source_key, ${documentSql(plan)} as document_id,
      ${sideSql(sides)} as side, ${combine(parts)} as input_hash
    from ${source.relation} s ${sides.map((side) => side.join).join(" ")} where ${scope}`;
}

function groupUnitsSql(plan: UnitPlan, parameters: Parameters): string {
  const { source, keys } = plan;
  const sides = matchedDigests(plan, parameters);
  const scope = scopeOf(plan);
  const names = keys.map((key) => column("s", key)).join(", ");
  const having = scope.length === 0 ? "" : `having bool_or(${conditionsSql(scope, "s", parameters)})`;
  const definition = conditionsSql(source.definition, "s", parameters);
  const parts = [
    rowsDigestSql(rowDigestSql(source.columns, "s")),
    wholeSql(plan, parameters),
    ...sides.map((side) => side.digest),
  ].filter((part) => part !== "");
  const grouped = [names, ...sides.map((side) => side.digest)].join(", ");
  return `select ${keys.map((key, index) => `${column("s", key)} as ${keyName(index)}`).join(", ")},
      ${sourceKeySql(keys, "s")} as source_key, ${documentSql(plan)} as document_id,
      ${sideSql(sides)} as side, ${combine(parts)} as input_hash
    from ${source.relation} s ${sides.map((side) => side.join).join(" ")} where ${definition}
    group by ${grouped} ${having}`;
}

function scopeOf({ source, documentIds }: UnitPlan): readonly Condition[] {
  if (documentIds === undefined || source.documentColumn === undefined) return source.scope;
  return [...source.scope, { column: source.documentColumn, value: documentIds }];
}

// A group belongs to a document only when the document is part of its key.
function documentSql({ source, keys, isGroup }: UnitPlan): string {
  const { documentColumn } = source;
  const isKnown = documentColumn !== undefined && (!isGroup || keys.some((key) => key.name === documentColumn.name));
  return isKnown ? `${column("s", documentColumn)}::text` : "null::text";
}

function wholeSql(plan: UnitPlan, parameters: Parameters): string {
  return plan.wholeDigest.length === 0 ? "" : `${parameters.add(plan.wholeDigest)}::bytea`;
}

interface SideDigest {
  readonly join: string;
  readonly digest: string;
}

function matchedDigests(plan: UnitPlan, parameters: Parameters): readonly SideDigest[] {
  return plan.matched.map((side, index) => {
    const alias = `side_${index}`;
    const by = side.match.map((pair) => column("m", pair.column)).join(", ");
    const named = side.match.map((pair, part) => `${column("m", pair.column)} as match_${part}`).join(", ");
    const on = side.match
      .map((pair, part) => `${alias}.match_${part} = ${column("s", plan.source.find(pair.unitKey))}`)
      .join(" and ");
    const conditions = conditionsSql([...side.definition, ...side.scope], "m", parameters);
    return {
      join: `left join (select ${named}, ${rowsDigestSql(rowDigestSql(side.columns, "m"))} as digest
        from ${side.relation} m where ${conditions} group by ${by}) as ${alias} on ${on}`,
      digest: `coalesce(${alias}.digest, ''::bytea)`,
    };
  });
}

const sideSql = (sides: readonly SideDigest[]) =>
  sides.length === 0 ? "''::bytea" : sides.map((side) => side.digest).join(" || ");
const combine = (parts: readonly string[]) => (parts.length === 1 ? parts.join("") : `sha256(${parts.join(" || ")})`);

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
    (key, index) => `${column("s", key)} ${key.notNull ? "=" : "is not distinct from"} w.${keyName(index)}`,
  );
  const order = ["w.ordinal", ...source.primaryKey.map((key) => column("s", key))];
  return {
    text: `select w.ordinal, w.source_key, w.document_id, ${rowDigestSql(source.columns, "s")}, w.side,
        ${[...keys, ...source.columns].map((each) => column("s", each)).join(", ")}
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
    (key, index) => `${column("s", key)} ${key.notNull ? "=" : "is not distinct from"} w.${keyName(index)}`,
  );
  const onSide = side.match.map((pair, part) => `${column("m", pair.column)} = unit.match_${part}`);
  return {
    text: `with unit as (
        select distinct w.ordinal, ${unitColumns.map((each, part) => `${column("s", each)} as match_${part}`).join(", ")}
        from ${options.work} w join ${plan.source.relation} s on ${onUnit.join(" and ")}
        where w.ordinal > ${parameters.add(options.after)} and w.ordinal <= ${parameters.add(options.upTo)})
      select unit.ordinal, ${side.columns.map((each) => column("m", each)).join(", ")}
      from unit join ${side.relation} m on ${onSide.join(" and ")}
      where ${conditionsSql([...side.definition, ...side.scope], "m", parameters)}
      order by ${["unit.ordinal", ...side.primaryKey.map((key) => column("m", key))].join(", ")}`,
    values: parameters.values,
  };
}

/** Units of the ledger whose key is no longer in the source; undefined when this run cannot know. */
export function vanishedUnitsSql(plan: UnitPlan, system: string): Sql | undefined {
  const { source, keys, documentIds } = plan;
  if (source.scope.length > 0) return undefined;
  const parameters = new Parameters();
  const model = parameters.add(plan.model);
  const inScope = documentIds === undefined ? "true" : `u.document_id = any(${parameters.add(documentIds)})`;
  return {
    text: `select u.source_key from ${system}.unit_state u
      where u.model = ${model} and ${inScope} and not exists (
        select from ${source.relation} s where ${conditionsSql(source.definition, "s", parameters)} and ${sourceKeySql(keys, "s")} = u.source_key)
      order by u.source_key`,
    values: parameters.values,
  };
}

/** Digest of all rows of a source that every unit sees. */
export function wholeDigestSql(source: BoundSource): Sql {
  const parameters = new Parameters();
  const conditions = conditionsSql([...source.definition, ...source.scope], "s", parameters);
  return {
    text: `select coalesce(${rowsDigestSql(rowDigestSql(source.columns, "s"))}, sha256(''::bytea)) as digest from ${source.relation} s where ${conditions}`,
    values: parameters.values,
  };
}
