import type { Database, DatabaseClient } from "../database/connect.ts";
import type { UsageTotals } from "../llm/answers/telemetry.ts";
import type { UnitStateKey } from "./unit-state.ts";

type UsageScope = Pick<UnitStateKey, "system" | "model" | "runId">;

/** What the calls of one unit took. */
export interface UnitUsage {
  readonly sourceKey: string;
  readonly documentId: string | null;
  readonly usage: UsageTotals;
}

/** Stores what units took, those that failed too: it was paid. Belongs into the transaction that stores their outcome. */
export async function recordUsage(
  client: Pick<DatabaseClient, "query">,
  { system, model, runId }: UsageScope,
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

/** Stores what a unit took that has no outcome in this run: it was paid all the same. */
export async function recordAbandonedUsage(
  database: Database,
  { model, runId }: Omit<UsageScope, "system">,
  unit: UnitUsage,
): Promise<void> {
  if (unit.usage.calls === 0) return;
  const scope = { system: database.systemSchema, model, runId };
  // When the database is away, the error that ended the unit is the one to report.
  await database.use((client) => recordUsage(client, scope, [unit])).catch(() => undefined);
}

/** A part that is unknown makes its sum, or mean, unknown. */
const whereKnown = (column: string, aggregate: string) =>
  `case when bool_and(${column} is not null) then ${aggregate} end`;

const usageJsonSql = `case when count(*) = 0 then null else jsonb_build_object(
    'calls', sum(calls), 'cachedCalls', sum(cached_calls),
    'inputTokens', ${whereKnown("input_tokens", "sum(input_tokens)")},
    'outputTokens', ${whereKnown("output_tokens", "sum(output_tokens)")},
    'costUsd', ${whereKnown("cost_usd", "sum(cost_usd)")}) end`;

/** SQL of what a model took in a run, as the JSON of a receipt; null without any call. `run` and `model` are SQL. */
export const modelUsageSql = (system: string, { run, model }: { readonly run: string; readonly model: string }) =>
  `(select ${usageJsonSql} from ${system}.llm_usage u where u.run_id = ${run} and u.model = ${model})`;

/** What the last try of each unit took, by its key; nothing for units that asked nobody. */
export async function loadUnitUsage(
  database: Database,
  model: string,
  units: ReadonlyMap<string, { readonly runId: string }>,
): Promise<ReadonlyMap<string, UsageTotals>> {
  const rows = await database.query<{ readonly key: string; readonly usage: UsageTotals }>(
    `select u.source_key as key, ${usageJsonSql} as usage from ${database.systemSchema}.llm_usage u
     join unnest($2::text[], $3::text[]) as tried (source_key, run_id) using (source_key, run_id)
     where u.model = $1 group by u.source_key`,
    [model, [...units.keys()], Array.from(units.values(), ({ runId }) => runId)],
  );
  return new Map(rows.map(({ key, usage }) => [key, usage]));
}

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

/** What a unit of a model has taken on average, as if no answer had come from the cache. */
export interface MeanUsage {
  /** How many units this is the mean of. */
  readonly units: number;
  /** Null where a part is unknown. */
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  readonly costUsd: number | null;
}

/** The mean of the latest units that asked a provider. */
export async function loadMeanUsage(database: Database, model: string): Promise<MeanUsage> {
  const [row] = await database.query<MeanUsage & Record<string, unknown>>(
    `select count(*)::int as units,
       ${whereKnown("input_tokens", "avg(input_tokens * scale)")}::float8 as "inputTokens",
       ${whereKnown("output_tokens", "avg(output_tokens * scale)")}::float8 as "outputTokens",
       ${whereKnown("cost_usd", "avg(cost_usd * scale)")}::float8 as "costUsd"
     from (select *, calls::float8 / (calls - cached_calls) as scale from ${database.systemSchema}.llm_usage
           where model = $1 and calls > cached_calls order by at desc limit 10000) as unit`,
    [model],
  );
  return row ?? { units: 0, inputTokens: null, outputTokens: null, costUsd: null };
}

/** What a cost report adds up by. */
export const COST_GROUPS = ["model", "document", "day", "run"] as const;
export type CostGroup = (typeof COST_GROUPS)[number];

export interface CostLine {
  /** Name of the model, path of the document, day in UTC, or id of the run; null for calls without a document. */
  readonly name: string | null;
  readonly calls: number;
  readonly cachedCalls: number;
  /** Null where a part is unknown. */
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  readonly costUsd: number | null;
}

const GROUP_NAME: Readonly<Record<CostGroup, string>> = {
  model: "u.model",
  document: "coalesce(d.path, d.source_url, u.document_id)",
  day: "to_char(u.at at time zone 'UTC', 'YYYY-MM-DD')",
  run: "u.run_id",
};

/** What calls of language models took, the dearest first; days and runs in their order. */
export async function reportCosts(database: Database, by: CostGroup): Promise<readonly CostLine[]> {
  const known = (column: string) => whereKnown(`u.${column}`, `sum(u.${column})::float8`);
  const order = by === "day" || by === "run" ? "1" : `${known("cost_usd")} desc nulls first, 1`;
  return database.query<CostLine & Record<string, unknown>>(
    `select ${GROUP_NAME[by]} as name, sum(u.calls)::int as calls, sum(u.cached_calls)::int as "cachedCalls",
       ${known("input_tokens")} as "inputTokens", ${known("output_tokens")} as "outputTokens",
       ${known("cost_usd")} as "costUsd"
     from ${database.systemSchema}.llm_usage u left join ${database.documents} d on d.id = u.document_id
     group by 1 order by ${order}`,
  );
}
