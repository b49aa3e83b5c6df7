import type { Database } from "../../database/connect.ts";
import type { LlmAnswer } from "../calls/transport.ts";

/** An answer as it is kept: only what has passed its signature's check. */
export type CachedAnswer = Pick<LlmAnswer, "text" | "finish" | "usage" | "model"> & {
  /** Of all attempts and repairs that it took. */
  readonly costUsd: number | null;
  readonly latencyMs?: number;
};

/** `on` reads and writes, `refresh` only writes, `only` fails on a miss, `off` does neither. */
export type CacheMode = "on" | "off" | "refresh" | "only";

/** What is stored with every cached answer. */
export interface KeptAnswer {
  readonly model: string;
  readonly costUsd: number | null;
}

export interface CacheEntry {
  readonly key: string;
  /** What was asked: the name of a signature, or `embed`. */
  readonly program: string;
  readonly provider: string;
  readonly answer: KeptAnswer;
}

export interface CacheStats {
  readonly program: string;
  readonly model: string;
  readonly answers: number;
  readonly hits: number;
  readonly bytes: number;
  /** What the hits would have cost; null where a price is unknown. */
  readonly savedUsd: number | null;
}

/** Kept answers by key, without counting that somebody has asked for them. */
export async function peekKept<Answer extends KeptAnswer>(
  database: Database,
  keys: readonly string[],
): Promise<ReadonlyMap<string, Answer>> {
  const rows = await database.query<{ key: string; answer: Answer }>(
    `select key, answer from ${database.systemSchema}.llm_cache where key = any($1)`,
    [keys],
  );
  return new Map(rows.map(({ key, answer }) => [key, answer]));
}

/** What is in the cache, by program and model. */
export async function cacheStats(database: Database): Promise<readonly CacheStats[]> {
  return database.query<CacheStats & Record<string, unknown>>(
    `select program, model, count(*)::int as answers, sum(hits)::int as hits,
       sum(pg_column_size(answer))::int as bytes, case when bool_and(answer ->> 'costUsd' is not null)
         then sum(hits * (answer ->> 'costUsd')::float8) end as "savedUsd"
     from ${database.systemSchema}.llm_cache group by 1, 2 order by 1, 2`,
  );
}

export interface PruneOptions {
  /** Answers that have not been requested since. */
  readonly olderThanDays?: number | undefined;
  readonly program?: string | undefined;
  readonly model?: string | undefined;
}

/** Deletes answers and returns how many. */
export async function pruneCache(database: Database, options: PruneOptions): Promise<number> {
  const rows = await database.query(
    `delete from ${database.systemSchema}.llm_cache
     where ($1::float8 is null or coalesce(last_hit_at, created_at) < now() - make_interval(days => $1::int))
       and ($2::text is null or program = $2) and ($3::text is null or model = $3) returning 1`,
    [options.olderThanDays ?? null, options.program ?? null, options.model ?? null],
  );
  return rows.length;
}
