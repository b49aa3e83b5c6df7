import type { Database } from "../database/connect.ts";

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
}

export interface FailedUnits {
  readonly units: readonly FailedUnit[];
  /** Failed units in all, shown or not. */
  readonly total: number;
}

/** Units of the given models that failed, by code and key. */
export async function listFailedUnits(
  database: Database,
  { models, limit = 10 }: { readonly models: readonly string[]; readonly limit?: number | undefined },
): Promise<FailedUnits> {
  const failed = "u.model = any($1) and u.status in ('stale', 'error', 'quarantined')";
  const { systemSchema: system, documents } = database;
  const units = await database.query<FailedUnit & Record<string, unknown>>(
    `select u.model, u.source_key as unit, coalesce(d.path, d.source_url) as document, u.status,
       coalesce(u.error_code, '') as code, coalesce(u.error, '') as message, u.attempts, u.run_id as "runId"
     from ${system}.unit_state u left join ${documents} d on d.id = u.document_id
     where ${failed} order by u.model, u.error_code, u.source_key limit $2`,
    [models, limit],
  );
  const [counted] = await database.query<{ total: number }>(
    `select count(*)::int as total from ${system}.unit_state u where ${failed}`,
    [models],
  );
  return { units, total: counted?.total ?? 0 };
}
