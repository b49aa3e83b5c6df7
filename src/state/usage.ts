import type { Database, DatabaseClient } from "../database/connect.ts";
import type { UsageTotals } from "../llm/telemetry.ts";
import type { ModelJob } from "../run/model-job.ts";
import type { UnitStateKey } from "./unit-state.ts";

/** What calls of one unit took. */
export interface UnitUsage {
  readonly sourceKey: string;
  readonly documentId: string | null;
  readonly usage: UsageTotals;
}

/** Books what units took, those that failed too: it was paid. Belongs into the transaction that stores their fate. */
export async function recordUsage(
  client: Pick<DatabaseClient, "query">,
  { system, model, runId }: Pick<UnitStateKey, "system" | "model" | "runId">,
  units: readonly UnitUsage[],
): Promise<void> {
  const used = units.filter(({ usage }) => usage.calls > 0);
  if (used.length === 0) return;
  await client.query(
    `insert into ${system}.llm_usage
       (run_id, model, source_key, document_id, calls, cached_calls, input_tokens, output_tokens, cost_usd)
     select $1, $2, * from unnest($3::text[], $4::text[], $5::int[], $6::int[], $7::bigint[], $8::bigint[], $9::float8[])`,
    [
      runId,
      model,
      used.map(({ sourceKey }) => sourceKey),
      used.map(({ documentId }) => documentId),
      used.map(({ usage }) => usage.calls),
      used.map(({ usage }) => usage.cachedCalls),
      used.map(({ usage }) => usage.inputTokens),
      used.map(({ usage }) => usage.outputTokens),
      used.map(({ usage }) => usage.costUsd),
    ],
  );
}

/** Books what a unit took of which nothing became in this run: it was paid all the same. */
export async function recordAbandonedUsage(
  { database, resolved, context }: Pick<ModelJob, "database" | "resolved" | "context">,
  unit: UnitUsage,
): Promise<void> {
  if (unit.usage.calls === 0) return;
  const scope = { system: database.systemSchema, model: resolved.model.name, runId: context.runId };
  // When the database is away, the error that ended the unit is the one to hear of.
  await database.use((client) => recordUsage(client, scope, [unit])).catch(() => undefined);
}

/** SQL of the sums of `llm_usage` rows as JSON; null without any call. A part that is unknown makes its sum unknown. */
export const usageJsonSql = `case when count(*) = 0 then null else jsonb_build_object(
    'calls', sum(calls), 'cachedCalls', sum(cached_calls),
    'inputTokens', case when bool_and(input_tokens is not null) then sum(input_tokens) end,
    'outputTokens', case when bool_and(output_tokens is not null) then sum(output_tokens) end,
    'costUsd', case when bool_and(cost_usd is not null) then sum(cost_usd) end) end`;

/** What a run has spent so far, as far as prices are known. */
export async function spentInRun(
  database: Database,
  { runId, model }: { readonly runId: string; readonly model?: string },
): Promise<number> {
  const [row] = await database.query<{ spent: number }>(
    `select coalesce(sum(cost_usd), 0)::float8 as spent from ${database.systemSchema}.llm_usage
     where run_id = $1 and ($2::text is null or model = $2)`,
    [runId, model ?? null],
  );
  return row?.spent ?? 0;
}
