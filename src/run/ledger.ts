import type { ErrorJson } from "../core/errors.ts";
import type { DatabaseClient } from "../database/connect.ts";

/** What became of one unit, as the ledger keeps it. */
export interface UnitFate {
  readonly sourceKey: string;
  readonly documentId: string | null;
  readonly inputHash: Buffer;
  readonly durationMs: number;
  /** Undefined when the unit is done. */
  readonly error: ErrorJson | undefined;
}

export interface LedgerScope {
  readonly system: string;
  readonly model: string;
  readonly runId: string;
  readonly programHash: string;
}

/** Marks units done; belongs into the transaction that writes their rows. */
export async function recordDone(
  client: DatabaseClient,
  scope: LedgerScope,
  units: readonly UnitFate[],
): Promise<void> {
  if (units.length === 0) return;
  await client.query(
    `insert into ${scope.system}.unit_state as u
       (model, run_id, program_hash, status, source_key, document_id, input_hash, duration_ms)
     select $1, $2, $3, 'done', * from unnest($4::text[], $5::text[], $6::bytea[], $7::int[])
     on conflict (model, source_key) do update set
       status = 'done', error_code = null, error = null, attempts = 0, run_id = excluded.run_id,
       document_id = excluded.document_id, input_hash = excluded.input_hash, program_hash = excluded.program_hash,
       duration_ms = excluded.duration_ms, updated_at = now()`,
    [scope.model, scope.runId, scope.programHash, ...columns(units)],
  );
}

/** Keeps the fate of units that failed. What they wrote before stays, and so does the fingerprint it was made from. */
export async function recordFailed(
  client: DatabaseClient,
  scope: LedgerScope,
  units: readonly UnitFate[],
): Promise<void> {
  if (units.length === 0) return;
  await client.query(
    `insert into ${scope.system}.unit_state as u
       (model, run_id, program_hash, status, attempts, source_key, document_id, input_hash, duration_ms, error_code, error)
     select $1, $2, $3, 'error', 1, * from unnest($4::text[], $5::text[], $6::bytea[], $7::int[], $8::text[], $9::text[])
     on conflict (model, source_key) do update set
       status = case when u.status = 'error' then 'error' else 'stale' end, error_code = excluded.error_code,
       error = excluded.error, attempts = u.attempts + 1, run_id = excluded.run_id,
       document_id = excluded.document_id, duration_ms = excluded.duration_ms, updated_at = now()`,
    [
      scope.model,
      scope.runId,
      scope.programHash,
      ...columns(units),
      units.map((unit) => unit.error?.code),
      units.map((unit) => unit.error?.message),
    ],
  );
}

/** Forgets units that are gone. */
export async function forgetUnits(
  client: DatabaseClient,
  scope: LedgerScope,
  sourceKeys: readonly string[],
): Promise<void> {
  await client.query(`delete from ${scope.system}.unit_state where model = $1 and source_key = any($2)`, [
    scope.model,
    sourceKeys,
  ]);
}

/** True when some unit of the model has output that stands. */
export async function hasDoneUnits(
  client: Pick<DatabaseClient, "query">,
  scope: Pick<LedgerScope, "system" | "model">,
): Promise<boolean> {
  const { rowCount } = await client.query(
    `select from ${scope.system}.unit_state where model = $1 and status = 'done' limit 1`,
    [scope.model],
  );
  return rowCount === 1;
}

function columns(units: readonly UnitFate[]): readonly unknown[][] {
  return [
    units.map((unit) => unit.sourceKey),
    units.map((unit) => unit.documentId),
    units.map((unit) => unit.inputHash),
    units.map((unit) => Math.round(unit.durationMs)),
  ];
}
