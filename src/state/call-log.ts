import type { Database } from "../database/connect.ts";
import { Parameters } from "../database/sql-text.ts";
import type { CallHead, CallStatus } from "../llm/answers/call-book.ts";
import type { LlmMessage, LlmUsage } from "../llm/calls/transport.ts";
import { namedUnitSql } from "../sources/named-unit.ts";

/** One call to a provider, or one answer from the cache. */
export interface LoggedCall extends LlmUsage {
  /** ISO 8601. */
  readonly at: string;
  /** Null for a call outside of a run, as of `millrace try`. */
  readonly runId: string | null;
  readonly unit: string | null;
  readonly signature: string;
  readonly kind: CallHead["kind"];
  readonly provider: string;
  readonly askedModel: string;
  readonly answeredBy: string | null;
  /** `sent`: its end was never seen, and it may have been billed. */
  readonly status: CallStatus;
  /** Billed, in US dollars; null where nobody knows. */
  readonly costUsd: number | null;
  /** What an answer from the cache cost when it was asked. */
  readonly savedUsd: number | null;
  readonly latencyMs: number | null;
  /** The prompt; null where requests are not stored, or no longer. */
  readonly messages: readonly LlmMessage[] | null;
  /** The raw answer; null where there is none, or none is stored. */
  readonly answer: string | null;
}

export interface CallLogOptions {
  readonly model: string;
  /** Of a unit: its key, its parts, its beginning, or its document. Every unit of the model unless given. */
  readonly key?: readonly string[] | undefined;
  readonly limit?: number | undefined;
}

/** The latest calls of a unit or a model, in their order: what was asked, and what came back. */
export async function loadCallLog(
  database: Database,
  { model, key = [], limit = 20 }: CallLogOptions,
): Promise<readonly LoggedCall[]> {
  const system = database.systemSchema;
  const parameters = new Parameters();
  const ofModel = `c.model = ${parameters.add(model)}`;
  const columns = { sourceKey: "c.source_key", documentId: "c.document_id", documents: database.documents };
  const ofUnit = key.length === 0 ? "true" : namedUnitSql(key, columns, parameters);
  return database.query<LoggedCall & Record<string, unknown>>(
    `select * from (
       select to_char(c.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at, c.run_id as "runId",
         c.source_key as unit, c.signature, c.kind, c.provider, c.asked_model as "askedModel",
         c.answered_by as "answeredBy", c.status, c.input_tokens::float8 as "inputTokens",
         c.cached_input_tokens::float8 as "cachedInputTokens", c.cache_write_tokens::float8 as "cacheWriteTokens",
         c.output_tokens::float8 as "outputTokens", c.reasoning_tokens::float8 as "reasoningTokens",
         c.cost_usd as "costUsd", c.saved_usd as "savedUsd", c.latency_ms as "latencyMs",
         r.body -> 'messages' as messages,
         coalesce(c.rejected, case when c.status in ('ok', 'cached') then k.answer ->> 'text' end) as answer
       from ${system}.llm_call c
       left join ${system}.llm_request r on r.key = c.key
       left join ${system}.llm_cache k on k.key = c.key
       where ${ofModel} and ${ofUnit} order by c.at desc limit ${parameters.add(limit)}
     ) as latest order by at`,
    parameters.values,
  );
}

/** Forgets refused answers that are older than `days`, and their requests where no answer is kept. */
export async function pruneRejected(database: Database, days: number): Promise<void> {
  const system = database.systemSchema;
  await database.query(
    `with old as (
       update ${system}.llm_call set rejected = null
       where rejected is not null and at < now() - make_interval(days => $1::int) returning key
     )
     delete from ${system}.llm_request r using old where r.key = old.key
       and not exists (select from ${system}.llm_cache k where k.key = r.key)`,
    [days],
  );
}
