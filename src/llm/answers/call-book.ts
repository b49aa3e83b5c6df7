import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { GroupCommit } from "../../core/group-commit.ts";
import { storableJson } from "../../core/json.ts";
import type { Database } from "../../database/connect.ts";
import { isConnectionLoss } from "../../database/server-error.ts";
import type { LlmErrorKind } from "../calls/llm-error.ts";
import type { LlmRequest, LlmUsage } from "../calls/transport.ts";

import type { CacheEntry, KeptAnswer } from "./response-cache.ts";

/** What is known of the answers to one signature by one model. */
export interface AnswerLengths {
  readonly answers: number;
  /** Tokens of the longest. */
  readonly longest: number;
}

/** The unit that a call is made for; nothing of it outside of a run. */
export interface Caller {
  readonly runId?: string | undefined;
  readonly model?: string | undefined;
  readonly sourceKey?: string | undefined;
  readonly documentId?: string | null | undefined;
}

/** `sent` until its end is known: a call whose process died stays so, and may have been billed. */
export type CallStatus = "sent" | "ok" | "cached" | LlmErrorKind;

/** What is asked, by whom, of whom. */
export interface CallHead extends Caller {
  /** Name of the signature, or `embed`. */
  readonly signature: string;
  /** Of the request; several calls share it where one is repeated or repaired. */
  readonly key: string;
  readonly kind: "ask" | "retry" | "repair";
  readonly provider: string;
  readonly askedModel: string;
  /** 0 for a share in a call that another unit's row counts: embeddings of several units go out together. */
  readonly calls?: number;
}

/** One row of `llm_call`, as it begins. */
export interface SentCall extends CallHead {
  readonly id: string;
  /** The most that it can cost, where there is a budget: counts as spent until the end is known. */
  readonly reservedUsd?: number | undefined;
}

/** How a call ended. */
export interface CallEnd extends Partial<LlmUsage> {
  readonly id: string;
  readonly status: Exclude<CallStatus, "sent">;
  readonly answeredBy?: string | undefined;
  /** Billed; null when unknown. */
  readonly costUsd: number | null;
  readonly latencyMs: number;
  /** The text of an answer that was refused or did not fit; good ones are in the cache. */
  readonly rejected?: string | undefined;
  /** Stored with the answer, once for each key. */
  readonly request?: { readonly key: string; readonly body: LlmRequest } | undefined;
  /** Committed together with this row. */
  readonly kept?: readonly CacheEntry[] | undefined;
}

/** An answer from the cache. */
export interface CacheHit extends CallHead {
  readonly answeredBy: string;
  /** What it cost when it was asked. */
  readonly savedUsd: number | null;
}

export const newCallId = (): string => randomUUID();

/**
 * The book of calls: a row for each call to a provider, of every kind and end. A row begins before the request is sent
 * and ends in the transaction that keeps the answer, so that no kill takes a paid call out of the sums.
 */
export interface CallBook {
  /** Kept answers by key; those that are not there are missing. */
  read<Answer extends KeptAnswer>(keys: readonly string[]): Promise<ReadonlyMap<string, Answer>>;
  /** Records an answer that came from the cache. */
  hit(hit: CacheHit): Promise<void>;
  /** Records a call that is about to be sent. */
  begin(call: SentCall): Promise<void>;
  /** How long answers to a signature have been. */
  answerLengths(signature: string, model: string): Promise<AnswerLengths>;
  /** Books how a call ended and keeps its answer, both or neither. Waits for a database that is away. */
  end(end: CallEnd): Promise<void>;
}

/** The book in the database. Calls that begin or end at the same time share one statement. */
class PostgresCallBook implements CallBook {
  readonly #database: Database;
  readonly #reads: GroupCommit<readonly string[], ReadonlyMap<string, KeptAnswer>>;
  readonly #begins: GroupCommit<SentCall>;
  readonly #hits: GroupCommit<CacheHit>;
  readonly #ends: GroupCommit<CallEnd>;

  constructor(database: Database) {
    this.#database = database;
    this.#reads = new GroupCommit((keys) => this.#readAll(keys));
    this.#begins = new GroupCommit((calls) => this.#begin(calls));
    this.#hits = new GroupCommit((hits) => this.#hit(hits));
    this.#ends = new GroupCommit((ends) => this.#end(ends));
  }

  read<Answer extends KeptAnswer>(keys: readonly string[]): Promise<ReadonlyMap<string, Answer>> {
    return this.#reads.add(keys) as Promise<ReadonlyMap<string, Answer>>;
  }

  hit(hit: CacheHit): Promise<void> {
    return this.#hits.add(hit);
  }

  begin(call: SentCall): Promise<void> {
    return this.#begins.add(call);
  }

  end(end: CallEnd): Promise<void> {
    return this.#ends.add(end);
  }

  async answerLengths(signature: string, model: string): Promise<AnswerLengths> {
    const [row] = await this.#database.query<AnswerLengths & Record<string, unknown>>(
      `select count(*)::int as answers, coalesce(max(output_tokens), 0)::int as longest
       from (select output_tokens from ${this.#database.systemSchema}.llm_call
             where signature = $1 and asked_model = $2 and output_tokens is not null order by at desc limit 10000) c`,
      [signature, model],
    );
    return row ?? { answers: 0, longest: 0 };
  }

  async #readAll(asked: readonly (readonly string[])[]): Promise<readonly ReadonlyMap<string, KeptAnswer>[]> {
    const table = `${this.#database.systemSchema}.llm_cache`;
    // In the order of the keys: readers that lock the same rows in other orders would wait for each other.
    const rows = await this.#database.query<{ key: string; answer: KeptAnswer }>(
      `with found as (select key from ${table} where key = any($1) order by key for no key update)
       update ${table} as c set hits = hits + 1, last_hit_at = now() from found where c.key = found.key
       returning c.key, c.answer`,
      [[...new Set(asked.flat())]],
    );
    const answers = new Map(rows.map(({ key, answer }) => [key, answer]));
    return asked.map((keys) => new Map(keys.flatMap((key) => entryOf(answers, key))));
  }

  async #begin(calls: readonly SentCall[]): Promise<readonly void[]> {
    const statement = `insert into ${this.#database.systemSchema}.llm_call (id, status, reserved_usd, ${HEAD})
       select id, 'sent', "reservedUsd", ${HEAD_FIELDS}
       from jsonb_to_recordset($1) as t (id uuid, "reservedUsd" float8, ${HEAD_TYPES})
       on conflict (id) do nothing`;
    const values = [storableJson(calls)];
    await whileAway(() => this.#database.query(statement, values));
    return calls.map(() => undefined);
  }

  async #hit(hits: readonly CacheHit[]): Promise<readonly void[]> {
    await this.#database.query(
      `insert into ${this.#database.systemSchema}.llm_call (id, status, cost_usd, answered_by, saved_usd, ${HEAD})
       select gen_random_uuid(), 'cached', 0, "answeredBy", "savedUsd", ${HEAD_FIELDS}
       from jsonb_to_recordset($1) as t ("answeredBy" text, "savedUsd" float8, ${HEAD_TYPES})`,
      [storableJson(hits)],
    );
    return hits.map(() => undefined);
  }

  async #end(ends: readonly CallEnd[]): Promise<readonly void[]> {
    const kept = ends.flatMap((end) => end.kept ?? []);
    const requests = ends.flatMap(({ request }) => (request === undefined ? [] : [request]));
    const system = this.#database.systemSchema;
    const statement = `with ended as (
         update ${system}.llm_call c set status = e.status, answered_by = e."answeredBy", cost_usd = e."costUsd",
           input_tokens = e."inputTokens", cached_input_tokens = e."cachedInputTokens",
           cache_write_tokens = e."cacheWriteTokens", output_tokens = e."outputTokens",
           reasoning_tokens = e."reasoningTokens", latency_ms = round(e."latencyMs"), rejected = e.rejected
         from jsonb_to_recordset($1) as e (id uuid, status text, "answeredBy" text, "costUsd" float8,
           "inputTokens" bigint, "cachedInputTokens" bigint, "cacheWriteTokens" bigint, "outputTokens" bigint,
           "reasoningTokens" bigint, "latencyMs" float8, rejected text)
         where c.id = e.id
       ), asked as (
         insert into ${system}.llm_request (key, body)
         select distinct on (key) key, body from jsonb_to_recordset($2) as r (key text, body jsonb) order by key
         on conflict (key) do nothing
       )
       insert into ${system}.llm_cache (key, program, provider, model, answer)
       select distinct on (key) key, program, provider, answer ->> 'model', answer
       from jsonb_to_recordset($3) as k (key text, program text, provider text, answer jsonb) order by key
       on conflict (key) do update set answer = excluded.answer, created_at = now(), model = excluded.model`;
    const rows = ends.map(({ kept: _kept, request: _request, ...end }) => end);
    const values = [storableJson(rows), storableJson(requests), storableJson(kept)];
    await whileAway(() => this.#database.query(statement, values));
    return ends.map(() => undefined);
  }
}

const HEAD = "run_id, model, source_key, document_id, signature, key, kind, provider, asked_model, calls";
const HEAD_FIELDS = `"runId", model, "sourceKey", "documentId", signature, key, kind, provider, "askedModel", coalesce(calls, 1)`;
const HEAD_TYPES = `"runId" text, model text, "sourceKey" text, "documentId" text, signature text, key text, kind text,
  provider text, "askedModel" text, calls int`;

function entryOf<Value>(map: ReadonlyMap<string, Value>, key: string): readonly (readonly [string, Value])[] {
  const value = map.get(key);
  return value === undefined ? [] : [[key, value]];
}

const MAX_AWAY_MS = 10 * 60_000;
const MAX_PAUSE_MS = 2_000;

/** Answers that were paid for outlive a database that is restarted. */
async function whileAway<Result>(work: () => Promise<Result>): Promise<Result> {
  const startedAtMs = performance.now();
  for (let pauseMs = 50; ; pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS)) {
    try {
      return await work();
    } catch (error) {
      if (!isConnectionLoss(error) || performance.now() - startedAtMs > MAX_AWAY_MS) throw error;
      await sleep(pauseMs);
    }
  }
}

const books = new WeakMap<Database, CallBook>();

/** The book of a database. One for all sessions of a process: they share its statements. */
export function bookOf(database: Database): CallBook {
  const known = books.get(database);
  if (known !== undefined) return known;
  const book = new PostgresCallBook(database);
  books.set(database, book);
  return book;
}
