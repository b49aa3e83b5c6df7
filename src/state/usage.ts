import type { Database } from "../database/connect.ts";
import type { UsageTotals } from "../llm/answers/telemetry.ts";
import type { LlmUsage } from "../llm/calls/transport.ts";
import { writtenUnitsSql } from "./unit-state.ts";

// Calls write themselves into the book as they begin and end (llm/answers/call-book.ts); sums are queries on it. A call whose
// end nobody has seen has no cost, and is counted as unknown.
const SUMS: Readonly<Record<keyof UsageTotals, string>> = {
  calls: "coalesce(sum(c.calls), 0)::int",
  cachedCalls: "coalesce(sum(c.calls) filter (where c.status = 'cached'), 0)::int",
  unknownCalls: "coalesce(sum(c.calls) filter (where c.cost_usd is null), 0)::int",
  inputTokens: "coalesce(sum(c.input_tokens), 0)::float8",
  outputTokens: "coalesce(sum(c.output_tokens), 0)::float8",
  costUsd: "coalesce(sum(c.cost_usd), 0)::float8",
};

// What answers cost when they were asked, those from the cache too.
const ATTRIBUTED = "coalesce(sum(coalesce(c.cost_usd, 0) + coalesce(c.saved_usd, 0)), 0)::float8";

const usageJson = (sums: typeof SUMS) =>
  `case when count(*) = 0 then null else jsonb_build_object(${Object.entries(sums)
    .map(([name, sum]) => `'${name}', ${sum}`)
    .join(", ")}) end`;

/** SQL of what a model took in a run, as the JSON of a receipt; null without any call. `run` and `model` are SQL. */
export const modelUsageSql = (system: string, { run, model }: { readonly run: string; readonly model: string }) =>
  `(select ${usageJson(SUMS)} from ${system}.llm_call c where c.run_id = ${run} and c.model = ${model})`;

/**
 * What the last try of each unit took, by its key; nothing for units that asked nobody. Costs are those of the answers,
 * whenever they were asked.
 */
export async function loadUnitUsage(
  database: Database,
  model: string,
  units: ReadonlyMap<string, { readonly runId: string }>,
): Promise<ReadonlyMap<string, UsageTotals>> {
  const rows = await database.query<{ readonly key: string; readonly usage: UsageTotals }>(
    `select c.source_key as key, ${usageJson({ ...SUMS, costUsd: ATTRIBUTED })} as usage from ${database.systemSchema}.llm_call c
     join unnest($2::text[], $3::text[]) as tried (source_key, run_id) using (source_key, run_id)
     where c.model = $1 group by c.source_key`,
    [model, [...units.keys()], Array.from(units.values(), ({ runId }) => runId)],
  );
  return new Map(rows.map(({ key, usage }) => [key, usage]));
}

/** The most that a run can have spent so far: a call of unknown cost counts with all that was reserved for it. */
export async function spentInRun(
  database: Database,
  { runId, model }: { readonly runId: string; readonly model?: string },
): Promise<number> {
  const [row] = await database.query<{ spent: number }>(
    `select coalesce(sum(coalesce(cost_usd, reserved_usd)), 0)::float8 as spent from ${database.systemSchema}.llm_call
     where run_id = $1 and ($2::text is null or model = $2)`,
    [runId, model ?? null],
  );
  return row?.spent ?? 0;
}

/** What a unit has taken on average for one signature, as if no answer had come from the cache. */
export interface SignatureUsage extends LlmUsage {
  /** Name of the signature, or `embed`. */
  readonly signature: string;
}

export interface MeanUsage {
  /** How many units this is the mean of. */
  readonly units: number;
  readonly signatures: readonly SignatureUsage[];
}

/** The mean of the latest units that asked a provider. What they were billed is left out: prices and models change. */
export async function loadMeanUsage(database: Database, model: string): Promise<MeanUsage> {
  const system = database.systemSchema;
  // Tokens of a call answered from the cache were not counted; assume as many as for the others.
  const mean = (column: string) =>
    `(sum(c.${column})::float8 / nullif(count(*) filter (where c.${column} is not null and c.status <> 'cached'), 0)
      * count(*) filter (where c.status in ('ok', 'cached')) / max(units.number)) as "${column}"`;
  const rows = await database.query<UsageRow>(
    `with unit as (
       select run_id, source_key from ${system}.llm_call where model = $1 and run_id is not null
       group by run_id, source_key having bool_or(status = 'ok') order by max(at) desc limit 10000
     ), units as (select count(*)::int as number from unit)
     select c.signature, max(units.number) as units, ${["input_tokens", "cached_input_tokens", "output_tokens"].map(mean).join(", ")}
     from units, unit join ${system}.llm_call c
       on c.model = $1 and c.run_id = unit.run_id and c.source_key is not distinct from unit.source_key
     group by c.signature`,
    [model],
  );
  return {
    units: rows[0]?.units ?? 0,
    signatures: rows.map((row) => ({
      signature: row.signature,
      inputTokens: row.input_tokens,
      cachedInputTokens: row.cached_input_tokens,
      outputTokens: row.output_tokens,
    })),
  };
}

interface UsageRow extends Record<string, unknown> {
  readonly signature: string;
  readonly units: number;
  readonly input_tokens: number | null;
  readonly cached_input_tokens: number | null;
  readonly output_tokens: number | null;
}

/** What a cost report adds up by. */
export const COST_GROUPS = ["model", "document", "day", "run"] as const;
export type CostGroup = (typeof COST_GROUPS)[number];

export interface CostLine extends UsageTotals {
  /** Name of the model, path of the document, day in UTC, or id of the run; null for calls without one. */
  readonly name: string | null;
}

export interface CostReportOptions {
  readonly by: CostGroup;
  /**
   * What the present rows cost to make, answers from the cache included, instead of what was billed.
   */
  readonly attributed?: boolean | undefined;
}

const GROUP_NAME: Readonly<Record<CostGroup, string>> = {
  model: "c.model",
  document: "coalesce(d.path, d.source_url, c.document_id)",
  day: "to_char(c.at at time zone 'UTC', 'YYYY-MM-DD')",
  run: "c.run_id",
};

/** Usage of language model calls, the most expensive first; days and runs in their order. */
export async function reportCosts(
  database: Database,
  { by, attributed = false }: CostReportOptions,
): Promise<readonly CostLine[]> {
  const system = database.systemSchema;
  const sums = { ...SUMS, ...(attributed ? { costUsd: ATTRIBUTED } : {}) };
  const columns = Object.entries(sums).map(([name, sum]) => `${sum} as "${name}"`);
  const order = by === "day" || by === "run" ? "1" : `${sums.costUsd} desc, 1`;
  return database.query<CostLine & Record<string, unknown>>(
    `select ${GROUP_NAME[by]} as name, ${columns.join(", ")}
     from ${system}.llm_call c left join ${database.documents} d on d.id = c.document_id
     ${attributed ? `join (${writtenUnitsSql(system)}) as written using (model, source_key, run_id)` : ""}
     group by 1 order by ${order}`,
  );
}
