import type { ErrorJson } from "../core/errors.ts";
import type { Database, DatabaseClient } from "../database/connect.ts";
import { storableJson } from "../core/json.ts";
import { Parameters } from "../database/sql-text.ts";
import { namedUnitSql } from "../sources/named-unit.ts";

type Client = Pick<DatabaseClient, "query">;

/** Key of the one unit of a model that has no `forEach`. */
export const WHOLE_KEY = "";

export interface UnitError extends ErrorJson {
  /** Trying again cannot help. */
  readonly isFinal: boolean;
  /** It says nothing about the unit, for example when a provider is down, and does not count as an attempt. */
  readonly isOutside: boolean;
}

/** The outcome of one unit in this run. */
export interface UnitOutcome {
  readonly sourceKey: string;
  readonly documentId: string | null;
  readonly inputHash: Buffer;
  readonly sideHash: Buffer | null;
  readonly durationMs: number;
  /** Undefined when the unit is done. */
  readonly error: UnitError | undefined;
}

export interface UnitStateKey {
  readonly system: string;
  readonly model: string;
  readonly runId: string;
  readonly fingerprintHash: string;
}

/** What is stored of a unit's last try. */
export interface UnitState {
  readonly status: "done" | "kept" | "stale" | "error" | "quarantined";
  readonly runId: string;
  /** ISO 8601. */
  readonly updatedAt: string;
  readonly attempts: number;
  readonly durationMs: number | null;
  readonly errorCode: string | null;
  readonly error: string | null;
}

/** A unit that did not succeed at its last try. */
export interface FailedUnit {
  readonly model: string;
  readonly unit: string;
  /** Path or address of the document it belongs to, where there is one. */
  readonly document: string | null;
  /** `stale`: its previous output stands; `error`: it has none; `quarantined`: no run takes it. */
  readonly status: "stale" | "error" | "quarantined";
  readonly code: string;
  readonly message: string;
  readonly attempts: number;
  readonly runId: string;
  /** Who has accepted that it fails, when and why: runs no longer count it. */
  readonly accepted: Acceptance | null;
}

export interface Acceptance {
  readonly by: string;
  /** ISO 8601. */
  readonly at: string;
  readonly reason: string | null;
}

export interface FailedUnits {
  readonly units: readonly FailedUnit[];
  /** Failed units in all, shown or not. */
  readonly total: number;
}

const HAS_FAILED = "status in ('error', 'stale', 'quarantined')";

/** Marks units done; belongs into the transaction that writes their rows. */
export async function recordDone(client: Client, scope: UnitStateKey, units: readonly UnitOutcome[]): Promise<void> {
  if (units.length === 0) return;
  const parameters = new Parameters();
  await client.query(doneSql(scope, outcomesSql(units, parameters), parameters), parameters.values);
}

/** Marks units done that the database knows: a relation of `source_key`, `document_id`, `input_hash` and `side_hash`. */
export async function recordRelationDone(
  client: Client,
  scope: UnitStateKey,
  { relation, durationMs }: { readonly relation: string; readonly durationMs: number },
): Promise<void> {
  const parameters = new Parameters();
  const duration = `${parameters.add(Math.round(durationMs))}::int`;
  const units = `(select source_key, document_id, input_hash, side_hash, ${duration} as duration_ms from ${relation} as known)`;
  await client.query(doneSql(scope, units, parameters), parameters.values);
}

/** Parts of a `with`: the one unit of a model that writes its whole table is done; units it had under another form are gone. */
export function recordWholeSql(scope: UnitStateKey, durationMs: number, parameters: Parameters): string {
  const unit = `(values ('${WHOLE_KEY}', null, ''::bytea, null::bytea, ${parameters.add(Math.round(durationMs))}::int))`;
  return `others as (delete from ${scope.system}.unit_state where model = ${parameters.add(scope.model)} and source_key <> '${WHOLE_KEY}'),
    whole as (${doneSql(scope, unit, parameters)})`;
}

/** What `done` means. `units` is a relation of what an outcome has, in the order of `OUTCOME`. */
function doneSql(
  { system, model, runId, fingerprintHash }: UnitStateKey,
  units: string,
  parameters: Parameters,
): string {
  const [name, run, fingerprint] = [model, runId, fingerprintHash].map((value) => parameters.add(value));
  return `insert into ${system}.unit_state (model, run_id, program_hash, status, has_output, ${OUTCOME.join(", ")})
    select ${name}, ${run}, ${fingerprint}, 'done', true, unit.* from ${units} as unit
    on conflict (model, source_key) do update set ${REPLACE},
      status = 'done', has_output = true, attempts = 0, error_code = null, error = null`;
}

const OUTCOME = ["source_key", "document_id", "input_hash", "side_hash", "duration_ms"];

/** The columns that every outcome replaces. */
const REPLACE = [...OUTCOME.slice(1), "run_id", "program_hash"]
  .map((name) => `${name} = excluded.${name}`)
  .concat("updated_at = now()", "accepted = null")
  .join(", ");

function outcomesSql(units: readonly UnitOutcome[], parameters: Parameters): string {
  return parameters.addRows(
    ["text", units.map((unit) => unit.sourceKey)],
    ["text", units.map((unit) => unit.documentId)],
    ["bytea", units.map((unit) => unit.inputHash)],
    ["bytea", units.map((unit) => unit.sideHash)],
    ["int", units.map((unit) => Math.round(unit.durationMs))],
  );
}

/**
 * The status of a unit that failed, as SQL of SQL. After `maxAttempts` tries at the same fingerprint, or at once when
 * trying again cannot help, it is quarantined: no run takes it until its fingerprint changes or somebody retries it.
 * Until then the next run tries it again, as `stale` while its earlier output stands and as `error` without any.
 */
const quarantineRule = (unit: {
  readonly isFinal: string;
  readonly attempts: string;
  readonly maxAttempts: string;
  readonly hasOutput: string;
}): string =>
  `case when ${unit.isFinal} or ${unit.attempts} >= ${unit.maxAttempts} then 'quarantined'
     when ${unit.hasOutput} then 'stale' else 'error' end`;

/** Tries of the stored unit `u` at the fingerprint of the failed one, this one included; another fingerprint starts over. */
const ATTEMPTS = `case when u.attempts > 0 and u.program_hash = excluded.program_hash and u.input_hash = excluded.input_hash
     and u.side_hash is not distinct from excluded.side_hash then u.attempts else 0 end + excluded.attempts`;

/**
 * Records failed units with the fingerprint they failed at. What they wrote before stays. Returns the paths of their
 * documents by unit.
 */
export async function recordFailed(
  client: Client,
  scope: UnitStateKey,
  { units, maxAttempts: most, documents }: RecordFailedOptions,
): Promise<ReadonlyMap<string, string>> {
  if (units.length === 0) return new Map();
  const parameters = new Parameters();
  const [name, run, fingerprint] = [scope.model, scope.runId, scope.fingerprintHash].map((value) =>
    parameters.add(value),
  );
  const maxAttempts = `${parameters.add(most)}::int`;
  const errors = parameters.addRows(
    ["text", units.map((unit) => unit.error?.code)],
    ["text", units.map((unit) => unit.error?.message)],
    ["bool", units.map((unit) => unit.error?.isFinal === true)],
    ["bool", units.map((unit) => unit.error?.isOutside === true)],
  );
  const attempts = "case when is_outside then 0 else 1 end";
  const first = quarantineRule({ isFinal: "is_final", attempts, maxAttempts, hasOutput: "false" });
  const again = quarantineRule({
    isFinal: "excluded.status = 'quarantined'",
    attempts: ATTEMPTS,
    maxAttempts,
    hasOutput: "u.has_output",
  });
  const { rows } = await client.query<{ unit: string; document: string | null }>(
    `insert into ${scope.system}.unit_state as u
       (model, run_id, program_hash, attempts, status, error_code, error, ${OUTCOME.join(", ")})
     select ${name}, ${run}, ${fingerprint}, ${attempts}, ${first}, code, message, ${OUTCOME.join(", ")}
     from rows from (${outcomesSql(units, parameters)}, ${errors})
       as failed (${OUTCOME.join(", ")}, code, message, is_final, is_outside)
     on conflict (model, source_key) do update set ${REPLACE},
       status = ${again}, attempts = ${ATTEMPTS}, error_code = excluded.error_code, error = excluded.error
     returning source_key as unit, (select coalesce(d.path, d.source_url) from ${documents} d where d.id = u.document_id) as document`,
    parameters.values,
  );
  return new Map(rows.flatMap(({ unit, document }) => (document === null ? [] : [[unit, document]])));
}

interface RecordFailedOptions {
  readonly units: readonly UnitOutcome[];
  readonly maxAttempts: number;
  /** The table of documents. */
  readonly documents: string;
}

/** The model was to blame for the units that failed in this run: it does not count against them. */
export async function resetAttempts(
  client: Client,
  { system, model, runId }: Omit<UnitStateKey, "fingerprintHash">,
): Promise<void> {
  await client.query(
    `update ${system}.unit_state set attempts = 0, status = case when has_output then 'stale' else 'error' end
     where model = $1 and run_id = $2 and ${HAS_FAILED}`,
    [model, runId],
  );
}

/**
 * Declares output current, whatever it was made by: units that have some become `kept`. `units` gives those that this is
 * news for, as a relation of `source_key`, `input_hash` and `side_hash`. Returns how many there were.
 */
export async function recordKept(
  client: Client,
  { system, model, fingerprintHash }: Omit<UnitStateKey, "runId">,
  units: (parameters: Parameters) => string,
): Promise<number> {
  const parameters = new Parameters();
  const { rowCount } = await client.query(
    `update ${system}.unit_state u set status = 'kept', program_hash = ${parameters.add(fingerprintHash)}, attempts = 0,
       error_code = null, error = null, input_hash = unit.input_hash, side_hash = unit.side_hash, updated_at = now()
     from ${units(parameters)} as unit
     where u.model = ${parameters.add(model)} and u.source_key = unit.source_key and u.has_output`,
    parameters.values,
  );
  return rowCount ?? 0;
}

/** Accepts quarantined units as they are, until something about them changes. Returns how many there were. */
export async function acceptUnits(
  database: Database,
  options: {
    readonly model: string;
    readonly key: readonly string[];
    readonly code: string | undefined;
    readonly by: string;
    readonly reason: string | undefined;
  },
): Promise<number> {
  const parameters = new Parameters();
  const columns = { sourceKey: "u.source_key", documentId: "u.document_id", documents: database.documents };
  const acceptance: Acceptance = { by: options.by, at: new Date().toISOString(), reason: options.reason ?? null };
  const rows = await database.query(
    `update ${database.systemSchema}.unit_state u set accepted = ${parameters.add(storableJson(acceptance))}::jsonb
     where u.model = ${parameters.add(options.model)} and u.status = 'quarantined' and u.accepted is null
       and ${options.key.length === 0 ? "true" : namedUnitSql(options.key, columns, parameters)}
       and ${options.code === undefined ? "true" : `u.error_code = ${parameters.add(options.code)}`} returning 1`,
    parameters.values,
  );
  return rows.length;
}

/** Forgets units that are gone. */
export async function forgetUnits(
  client: Client,
  { system, model }: Pick<UnitStateKey, "system" | "model">,
  sourceKeys: readonly string[],
): Promise<void> {
  await client.query(`delete from ${system}.unit_state where model = $1 and source_key = any($2)`, [model, sourceKeys]);
}

/** Forgets units that the database knows are gone. */
export async function forgetRelation(
  client: Client,
  { system, model }: Pick<UnitStateKey, "system" | "model">,
  relation: string,
): Promise<void> {
  await client.query(
    `delete from ${system}.unit_state u using ${relation} as gone where u.model = $1 and u.source_key = gone.source_key`,
    [model],
  );
}

/** Forgets all units of models whose tables are gone. */
export async function forgetModels(client: Client, system: string, models: readonly string[]): Promise<void> {
  await client.query(`delete from ${system}.unit_state where model = any($1)`, [models]);
}

/** True when some unit of the model is done at one of the fingerprints. */
export async function hasWorked(
  client: Client,
  {
    system,
    model,
    fingerprints,
  }: Pick<UnitStateKey, "system" | "model"> & { readonly fingerprints: readonly string[] },
): Promise<boolean> {
  const { rowCount } = await client.query(
    `select from ${system}.unit_state where model = $1 and status = 'done' and program_hash = any($2) limit 1`,
    [model, fingerprints],
  );
  return rowCount === 1;
}

/** What is stored of a model's units, by their keys. */
export async function loadUnitStates(
  database: Database,
  model: string,
  keys: readonly string[],
): Promise<ReadonlyMap<string, UnitState>> {
  const rows = await database.query<UnitState & { readonly key: string }>(
    `select source_key as key, status, run_id as "runId", to_json(updated_at) #>> '{}' as "updatedAt", attempts,
       duration_ms as "durationMs", error_code as "errorCode", error
     from ${database.systemSchema}.unit_state where model = $1 and source_key = any($2)`,
    [model, keys],
  );
  return new Map(rows.map(({ key, ...state }) => [key, state]));
}

/** Units of the given models that failed, by code and key. */
export async function listFailedUnits(
  database: Database,
  { models, limit = 10 }: { readonly models: readonly string[]; readonly limit?: number | undefined },
): Promise<FailedUnits> {
  const { systemSchema: system, documents } = database;
  const failed = `${system}.unit_state where model = any($1) and ${HAS_FAILED}`;
  const units = await database.query<FailedUnit & Record<string, unknown>>(
    `select u.model, u.source_key as unit, coalesce(d.path, d.source_url) as document, u.status,
       coalesce(u.error_code, '') as code, coalesce(u.error, '') as message, u.attempts, u.run_id as "runId", u.accepted
     from (select * from ${failed}) u left join ${documents} d on d.id = u.document_id
     order by u.model, u.error_code, u.source_key limit $2`,
    [models, limit],
  );
  const [counted] = await database.query<{ total: number }>(`select count(*)::int as total from ${failed}`, [models]);
  return { units, total: counted?.total ?? 0 };
}

/** How long units of a model have taken; null where none has worked. */
export async function meanUnitDuration(
  database: Database,
  model: string,
): Promise<{ readonly mean: number | null; readonly units: number }> {
  const [row] = await database.query<{ mean: number | null; units: number }>(
    `select avg(duration_ms)::float8 as mean, count(*)::int as units from (
       select duration_ms from ${database.systemSchema}.unit_state where model = $1 and status = 'done' limit 10000) as unit`,
    [model],
  );
  return row ?? { mean: null, units: 0 };
}

/**
 * SQL of how many units of a model are quarantined and not accepted; `model` is SQL, and `isInScope` a condition on a
 * unit's `document_id`.
 */
export const quarantinedSql = (system: string, model: string, isInScope: (documentId: string) => string): string =>
  `(select count(*) from ${system}.unit_state u
    where u.model = ${model} and u.status = 'quarantined' and u.accepted is null and ${isInScope("u.document_id")})`;

/** The one unit of a model that writes its whole table. */
export interface WholeUnit {
  readonly fingerprintHash: string;
  readonly status: string;
  readonly runId: string;
}

/** SQL of a `WholeUnit` as JSON; null before the model's first success. `model` is SQL. */
export const wholeUnitSql = (system: string, model: string): string =>
  `(select jsonb_build_object('fingerprintHash', program_hash, 'status', status, 'runId', run_id)
    from ${system}.unit_state where model = ${model} and source_key = '${WHOLE_KEY}')`;

/**
 * SQL of the fingerprints that stored output was made by, as `model` and `program_hash`: null for units that somebody has
 * declared current, which are as good as made by today's.
 */
export const outputFingerprintsSql = (system: string): string =>
  `(select distinct model, case when status <> 'kept' then program_hash end as program_hash from ${system}.unit_state)`;

/** SQL of an array of what units are named by that failed and are not accepted; `models` is SQL of their models. */
export const failedUnitsSql = (
  system: string,
  { column, models }: { readonly column: "source_key" | "document_id"; readonly models: string },
): string =>
  `array(select ${column} from ${system}.unit_state where model = any(${models}) and ${HAS_FAILED} and accepted is null)`;

/** SQL of the units whose output is there, and the run that made it: `model`, `source_key`, `run_id`. */
export const writtenUnitsSql = (system: string): string =>
  `select model, source_key, run_id from ${system}.unit_state where has_output`;
