import type { ErrorJson } from "../core/errors.ts";
import type { DatabaseClient } from "../database/connect.ts";

/** What became of one unit, as the ledger keeps it. */
export interface UnitOutcome {
  readonly sourceKey: string;
  readonly documentId: string | null;
  readonly inputHash: Buffer;
  readonly sideHash: Buffer | null;
  readonly durationMs: number;
  /** Undefined when the unit is done. A final error is one that trying again cannot help. */
  readonly error: (ErrorJson & { readonly isFinal: boolean }) | undefined;
}

export interface UnitStateKey {
  readonly system: string;
  readonly model: string;
  readonly runId: string;
  readonly programHash: string;
}

/** Marks units done; belongs into the transaction that writes their rows. */
export async function recordDone(
  client: Pick<DatabaseClient, "query">,
  scope: UnitStateKey,
  units: readonly UnitOutcome[],
): Promise<void> {
  if (units.length === 0) return;
  await client.query(
    `insert into ${scope.system}.unit_state as u
       (model, run_id, program_hash, status, source_key, document_id, input_hash, side_hash, duration_ms, has_output)
     select $1, $2, $3, 'done', *, true from unnest($4::text[], $5::text[], $6::bytea[], $7::bytea[], $8::int[])
     ${ON_DONE}`,
    [scope.model, scope.runId, scope.programHash, ...columns(units)],
  );
}

/** Marks units done that the database knows: a relation of `source_key`, `document_id`, `input_hash` and `side_hash`. */
export async function recordRelationDone(
  client: Pick<DatabaseClient, "query">,
  scope: UnitStateKey,
  { relation, durationMs }: { readonly relation: string; readonly durationMs: number },
): Promise<void> {
  await client.query(
    `insert into ${scope.system}.unit_state as u
       (model, run_id, program_hash, status, source_key, document_id, input_hash, side_hash, duration_ms, has_output)
     select $1, $2, $3, 'done', source_key, document_id, input_hash, side_hash, $4::int, true from ${relation} as unit
     ${ON_DONE}`,
    [scope.model, scope.runId, scope.programHash, Math.round(durationMs)],
  );
}

const ON_DONE = `on conflict (model, source_key) do update set
       status = 'done', error_code = null, error = null, attempts = 0, run_id = excluded.run_id,
       document_id = excluded.document_id, input_hash = excluded.input_hash, side_hash = excluded.side_hash,
       program_hash = excluded.program_hash, duration_ms = excluded.duration_ms, has_output = true, updated_at = now()`;

/**
 * Keeps the fate of units that failed, with the fingerprint they failed at: another one gives them their tries anew.
 * What they wrote before stays. After `maxAttempts` tries a unit is quarantined. Returns the paths of their documents by unit.
 */
export async function recordFailed(
  client: DatabaseClient,
  scope: UnitStateKey,
  { units, maxAttempts, documents }: FailedUnits,
): Promise<ReadonlyMap<string, string>> {
  if (units.length === 0) return new Map();
  const isSame =
    "u.program_hash = excluded.program_hash and u.input_hash = excluded.input_hash and u.side_hash is not distinct from excluded.side_hash";
  const attempts = `case when u.attempts > 0 and ${isSame} then u.attempts + 1 else 1 end`;
  const { rows } = await client.query<{ unit: string; document: string | null }>(
    `insert into ${scope.system}.unit_state as u (model, run_id, program_hash, attempts, source_key, document_id,
       input_hash, side_hash, duration_ms, error_code, error, status)
     select $1, $2, $3, 1, key, document, input, side, duration, code, message,
       case when final or $4 <= 1 then 'quarantined' else 'error' end
     from unnest($5::text[], $6::text[], $7::bytea[], $8::bytea[], $9::int[], $10::text[], $11::text[], $12::bool[])
       as failed (key, document, input, side, duration, code, message, final)
     on conflict (model, source_key) do update set
       status = case when excluded.status = 'quarantined' or ${attempts} >= $4 then 'quarantined'
         when u.has_output then 'stale' else 'error' end,
       attempts = ${attempts}, error_code = excluded.error_code, error = excluded.error, run_id = excluded.run_id,
       document_id = excluded.document_id, input_hash = excluded.input_hash, side_hash = excluded.side_hash,
       program_hash = excluded.program_hash, duration_ms = excluded.duration_ms, updated_at = now()
     returning source_key as unit, (select coalesce(d.path, d.source_url) from ${documents} d where d.id = u.document_id) as document`,
    [
      scope.model,
      scope.runId,
      scope.programHash,
      maxAttempts,
      ...columns(units),
      units.map((unit) => unit.error?.code),
      units.map((unit) => unit.error?.message),
      units.map((unit) => unit.error?.isFinal === true),
    ],
  );
  return new Map(rows.flatMap(({ unit, document }) => (document === null ? [] : [[unit, document]])));
}

interface FailedUnits {
  readonly units: readonly UnitOutcome[];
  readonly maxAttempts: number;
  /** The table of documents. */
  readonly documents: string;
}

/** Takes back that units failed in this run as far as it counts against them: the model was to blame. */
export async function resetAttempts(
  client: Pick<DatabaseClient, "query">,
  { system, model, runId }: Pick<UnitStateKey, "system" | "model" | "runId">,
): Promise<void> {
  await client.query(
    `update ${system}.unit_state set attempts = 0, status = case when has_output then 'stale' else 'error' end
     where model = $1 and run_id = $2 and status in ('error', 'stale', 'quarantined')`,
    [model, runId],
  );
}

/** Forgets units that are gone. */
export async function forgetUnits(
  client: DatabaseClient,
  scope: UnitStateKey,
  sourceKeys: readonly string[],
): Promise<void> {
  await client.query(`delete from ${scope.system}.unit_state where model = $1 and source_key = any($2)`, [
    scope.model,
    sourceKeys,
  ]);
}

/** Forgets units that the database knows are gone. */
export async function forgetRelation(client: DatabaseClient, scope: UnitStateKey, relation: string): Promise<void> {
  await client.query(
    `delete from ${scope.system}.unit_state u using ${relation} as gone where u.model = $1 and u.source_key = gone.source_key`,
    [scope.model],
  );
}

/** Forgets all units of models whose tables are gone. */
export async function forgetModels(client: DatabaseClient, system: string, models: readonly string[]): Promise<void> {
  await client.query(`delete from ${system}.unit_state where model = any($1)`, [models]);
}

/** True when one of the programs has worked on some unit of the model. */
export async function hasWorked(
  client: Pick<DatabaseClient, "query">,
  {
    system,
    model,
    programs,
  }: { readonly system: string; readonly model: string; readonly programs: readonly string[] },
): Promise<boolean> {
  const { rowCount } = await client.query(
    `select from ${system}.unit_state where model = $1 and status = 'done' and program_hash = any($2) limit 1`,
    [model, programs],
  );
  return rowCount === 1;
}

function columns(units: readonly UnitOutcome[]): readonly unknown[][] {
  return [
    units.map((unit) => unit.sourceKey),
    units.map((unit) => unit.documentId),
    units.map((unit) => unit.inputHash),
    units.map((unit) => unit.sideHash),
    units.map((unit) => Math.round(unit.durationMs)),
  ];
}
