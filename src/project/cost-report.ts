import type { Database } from "../database/connect.ts";

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

const NAME: Readonly<Record<CostGroup, string>> = {
  model: "u.model",
  document: "coalesce(d.path, d.source_url, u.document_id)",
  day: "to_char(u.at at time zone 'UTC', 'YYYY-MM-DD')",
  run: "u.run_id",
};

/** What calls of language models took, the dearest first; days and runs in their order. */
export async function reportCosts(database: Database, by: CostGroup): Promise<readonly CostLine[]> {
  const known = (column: string, type: string) =>
    `case when bool_and(u.${column} is not null) then sum(u.${column})::${type} end`;
  const order = by === "day" || by === "run" ? "1" : `${known("cost_usd", "float8")} desc nulls first, 1`;
  return database.query<CostLine & Record<string, unknown>>(
    `select ${NAME[by]} as name, sum(u.calls)::int as calls, sum(u.cached_calls)::int as "cachedCalls",
       ${known("input_tokens", "float8")} as "inputTokens", ${known("output_tokens", "float8")} as "outputTokens",
       ${known("cost_usd", "float8")} as "costUsd"
     from ${database.systemSchema}.llm_usage u left join ${database.documents} d on d.id = u.document_id
     group by 1 order by ${order}`,
  );
}
