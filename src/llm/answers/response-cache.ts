import type { Database } from "../../database/connect.ts";
import type { LlmAnswer } from "../calls/transport.ts";

/** An answer as it is kept: only what has passed its signature's check. */
export type CachedAnswer = Pick<LlmAnswer, "text" | "finish" | "usage" | "model"> & { readonly costUsd: number | null };

/** `on` reads and writes, `refresh` only writes, `only` fails on a miss, `off` does neither. */
export type CacheMode = "on" | "off" | "refresh" | "only";

/** What every kept answer says beside itself. */
interface KeptAnswer {
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

export interface ResponseCache {
  /** Answers by key; those that are not there are missing. */
  read<Answer extends KeptAnswer>(keys: readonly string[]): Promise<ReadonlyMap<string, Answer>>;
  write(entries: readonly CacheEntry[]): Promise<void>;
}

/** Answers in the database. Each is committed as it comes: a process that dies has lost none that was paid for. */
export class PostgresCache implements ResponseCache {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async read<Answer extends KeptAnswer>(keys: readonly string[]): Promise<ReadonlyMap<string, Answer>> {
    const table = `${this.#database.systemSchema}.llm_cache`;
    // In the order of the keys: readers that lock the same rows in other orders would wait for each other.
    const rows = await this.#database.query<{ key: string; answer: Answer }>(
      `with found as (select key from ${table} where key = any($1) order by key for no key update)
       update ${table} as c set hits = hits + 1, last_hit_at = now() from found where c.key = found.key
       returning c.key, c.answer`,
      [keys],
    );
    return new Map(rows.map(({ key, answer }) => [key, answer]));
  }

  async write(entries: readonly CacheEntry[]): Promise<void> {
    await this.#database.query(
      `insert into ${this.#database.systemSchema}.llm_cache (key, program, provider, model, answer)
       select key, program, provider, model, answer::jsonb
       from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[]) as t (key, program, provider, model, answer)
       order by key
       on conflict (key) do update set answer = excluded.answer, created_at = now(), model = excluded.model`,
      [
        entries.map(({ key }) => key),
        entries.map(({ program }) => program),
        entries.map(({ provider }) => provider),
        entries.map(({ answer }) => answer.model),
        entries.map(({ answer }) => JSON.stringify(answer)),
      ],
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
