import type { Database } from "../database/connect.ts";
import type { LlmAnswer } from "./transport.ts";

/** An answer as it is kept: only what has passed its signature's check. */
export type CachedAnswer = Pick<LlmAnswer, "text" | "finish" | "usage" | "model"> & { readonly costUsd: number | null };

/** `on` reads and writes, `refresh` only writes, `only` fails on a miss, `off` does neither. */
export type CacheMode = "on" | "off" | "refresh" | "only";

export interface ResponseCache {
  get(key: string): Promise<CachedAnswer | undefined>;
  set(key: string, entry: CachedAnswer & { readonly program: string; readonly provider: string }): Promise<void>;
}

/** Answers in the database. Each is committed as it comes: a process that dies has lost none that was paid for. */
export class PostgresCache implements ResponseCache {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async get(key: string): Promise<CachedAnswer | undefined> {
    const [row] = await this.#database.query<{ answer: CachedAnswer }>(
      `update ${this.#database.systemSchema}.llm_cache set hits = hits + 1, last_hit_at = now()
       where key = $1 returning answer`,
      [key],
    );
    return row?.answer;
  }

  async set(
    key: string,
    { program, provider, ...answer }: CachedAnswer & { readonly program: string; readonly provider: string },
  ): Promise<void> {
    await this.#database.query(
      `insert into ${this.#database.systemSchema}.llm_cache (key, program, provider, model, answer)
       values ($1, $2, $3, $4, $5)
       on conflict (key) do update set answer = excluded.answer, created_at = now(), model = excluded.model`,
      [key, program, provider, answer.model, JSON.stringify(answer)],
    );
  }
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
  /** Answers that nobody has asked for since. */
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
