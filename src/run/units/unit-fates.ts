import type { Database } from "../../database/connect.ts";

/** What the ledger keeps of a unit's last try. */
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

/** What the ledger knows of a model's units, by their keys. */
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
  return new Map(rows.map(({ key, ...fate }) => [key, fate]));
}
