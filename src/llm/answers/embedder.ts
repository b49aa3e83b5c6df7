import type { AskOptions } from "./ask.ts";
import type { Attempt } from "../calls/attempt.ts";
import { type CallHead, type Caller, newCallId } from "./call-book.ts";
import { callModel, type CallModelOptions } from "../calls/call-model.ts";
import type { Embedding, EmbeddingAnswer, EmbeddingTransport } from "../calls/embedding-transport.ts";
import { createOrder, type Delivery, leave, type Order, shareOut, sumUp } from "./embedding-order.ts";
import { type CachedEmbedding, decodeEmbedding, embeddingKey, encodeEmbedding } from "./kept-embedding.ts";
import { LlmError } from "../calls/llm-error.ts";
import { unlessAborted } from "../calls/on-abort.ts";
import { costOf, maxTokensOf } from "./cost.ts";
import type { CacheEntry, CacheMode } from "./response-cache.ts";
import type { LlmSession } from "./session.ts";
import { CACHED_CALL, type Telemetry } from "./telemetry.ts";
import type { LlmUsage } from "../calls/transport.ts";

/** Embeddings of texts, in their order, and what they took. */
export interface Embedded {
  readonly embeddings: readonly Embedding[];
  /** Columns of `llmTelemetry()`: spread them into the row. */
  readonly telemetry: Telemetry;
}

/** Everything that embeddings of one run share. */
export interface EmbeddingSession extends Pick<
  LlmSession,
  "book" | "price" | "budget" | "timeoutMs" | "outageTimeoutMs" | "maxRetries"
> {
  readonly transport: EmbeddingTransport;
  readonly cacheMode: CacheMode;
}

/** Embeds texts of all callers together: what is asked for in one turn of the event loop goes out in few requests. */
export class Embedder {
  readonly #session: EmbeddingSession;
  readonly #orders = new Map<string, Order>();
  #pending: Order[] = [];

  constructor(session: EmbeddingSession) {
    this.#session = session;
  }

  async embed(texts: readonly string[], options: AskOptions): Promise<Embedded> {
    const { signal, onUsage, caller = {} } = options;
    // The first caller pays for a text; others that ask at the same time get it as if it were cached.
    const own = new Set<Order>();
    const orders = texts.map((text) => this.#order(text, { own, caller }));
    try {
      const results = await unlessAborted(Promise.allSettled(orders.map(({ settled }) => settled)), signal);
      const deliveries = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
      const delivered = new Map(
        results.flatMap((result, index) => (result.status === "fulfilled" ? [[orders[index], result.value]] : [])),
      ) as ReadonlyMap<Order, Delivery>;
      const asked = [...own].flatMap((order) => delivered.get(order) ?? []).filter(({ isCached }) => !isCached);
      const telemetry = this.#telemetry([...delivered.values()], asked.length === 0);
      const failed = results.find((result) => result.status === "rejected");
      if (asked.length > 0) onUsage(sumUp(asked), this.#session.transport);
      else if (failed === undefined && orders[0] !== undefined) await this.#bookHit(orders[0].key, telemetry, options);
      if (failed !== undefined) throw failed.reason;
      return { embeddings: deliveries.map(({ embedding }) => embedding), telemetry };
    } finally {
      leave(orders);
    }
  }

  /** All texts of a caller were kept, or somebody else has asked for them. */
  async #bookHit(key: string, { llmModel, llmCostUsd }: Telemetry, { caller, onUsage }: AskOptions): Promise<void> {
    const { book, transport } = this.#session;
    await book?.hit({ ...headOf(transport, key), ...caller, answeredBy: llmModel, savedUsd: llmCostUsd });
    onUsage(CACHED_CALL, transport);
  }

  #order(text: string, { own, caller }: { readonly own: Set<Order>; readonly caller: Caller }): Order {
    const key = embeddingKey(this.#session.transport, text);
    const known = this.#orders.get(key);
    if (known !== undefined) {
      known.waiting += 1;
      return known;
    }
    const order = createOrder(key, text, caller);
    own.add(order);
    this.#orders.set(key, order);
    // Callers get the rejection; without callers it must not become an unhandled one.
    order.settled.catch(() => undefined).finally(() => this.#orders.delete(key));
    if (this.#pending.length === 0) setImmediate(() => void this.#flush());
    this.#pending.push(order);
    return order;
  }

  async #flush(): Promise<void> {
    const orders = this.#pending;
    this.#pending = [];
    const { transport, cacheMode } = this.#session;
    try {
      const rest = await this.#deliverKept(orders);
      if (rest.length > 0 && cacheMode === "only") {
        throw new LlmError(
          "bad_request",
          `${rest.length} embeddings are not in the cache, and calls are not allowed.`,
          {
            hint: 'Run without `cache: "only"`.',
          },
        );
      }
      for (let start = 0; start < rest.length; start += transport.maxTexts)
        void this.#send(rest.slice(start, start + transport.maxTexts));
    } catch (error) {
      for (const order of orders) order.fail(error);
    }
  }

  /** Returns the orders that are not in the cache. */
  async #deliverKept(orders: readonly Order[]): Promise<readonly Order[]> {
    const { book, cacheMode } = this.#session;
    if (book === undefined || cacheMode === "off" || cacheMode === "refresh") return orders;
    const kept = await book.read<CachedEmbedding>(orders.map(({ key }) => key));
    return orders.filter(({ key, deliver }) => {
      const answer = kept.get(key);
      if (answer === undefined) return true;
      const embedding = decodeEmbedding(answer.embedding);
      const { model, costUsd, inputTokens = null, latencyMs = 0 } = answer;
      deliver({ embedding, model, inputTokens, costUsd, latencyMs, isCached: true });
      return false;
    });
  }

  async #send(all: readonly Order[]): Promise<void> {
    const orders = all.filter(({ waiting }) => waiting > 0);
    const gone = all.filter(({ waiting }) => waiting === 0);
    for (const { fail } of gone) fail(new LlmError("aborted", "Nothing waits for this embedding any more."));
    if (orders.length === 0) return;
    try {
      await this.#call(orders);
    } catch (error) {
      // One text that does not fit must not fail the others.
      const isDivisible = error instanceof LlmError && DIVISIBLE.has(error.kind) && orders.length > 1;
      if (!isDivisible) return orders.forEach(({ fail }) => fail(error));
      const half = Math.ceil(orders.length / 2);
      await Promise.all([this.#send(orders.slice(0, half)), this.#send(orders.slice(half))]);
    }
  }

  async #call(orders: readonly Order[]): Promise<void> {
    const { transport, price, book: _book, ...options } = this.#session;
    const texts = orders.map(({ text }) => text);
    const characters = texts.reduce((sum, { length }) => sum + length, 0);
    const most = usageOf(maxTokensOf(texts));
    const stop = new AbortController();
    let wanted = orders.length;
    const onAbandoned = () => {
      wanted -= 1;
      if (wanted === 0) stop.abort();
    };
    for (const order of orders) order.onAbandoned = onAbandoned;
    const record = new EmbeddingRecord(this.#session, orders);
    const call: CallModelOptions = {
      ...options,
      signal: stop.signal,
      estimatedTokens: Math.ceil(characters / 4),
      estimateUsd: price === undefined ? undefined : (costOf(most, price) ?? undefined),
      costOf: (usage) => costOf(usage, price),
      recorder: record,
    };
    const { answer, latencyMs } = await callModel(transport, (signal) => transport.embed(texts, { signal }), call);
    const deliveries = await record.keep(answer, latencyMs);
    for (const [index, delivery] of deliveries.entries()) orders[index]?.deliver(delivery);
  }

  /** What the embeddings took when they were asked for. */
  #telemetry(deliveries: readonly Delivery[], isCached: boolean): Telemetry {
    const { inputTokens, outputTokens, costUsd } = sumUp(deliveries);
    return {
      llmModel: deliveries[0]?.model ?? this.#session.transport.model,
      llmInputTokens: deliveries.some((delivery) => delivery.inputTokens === null) ? null : inputTokens,
      llmOutputTokens: outputTokens,
      llmCostUsd: deliveries.some((delivery) => delivery.costUsd === null) ? null : costUsd,
      llmLatencyMs: Math.round(Math.max(0, ...deliveries.map(({ latencyMs }) => latencyMs))),
      llmCached: isCached,
    };
  }
}

const headOf = ({ provider, model }: EmbeddingTransport, key: string): CallHead => ({
  signature: "embed",
  key,
  kind: "ask",
  provider,
  askedModel: model,
});

/** Books one request for the texts of several callers: a row for each of them, the call itself counted once. */
class EmbeddingRecord {
  readonly #session: EmbeddingSession;
  readonly #orders: readonly Order[];
  #kind: CallHead["kind"] = "ask";
  #shares: readonly { readonly id: string; readonly orders: readonly Order[] }[] = [];

  constructor(session: EmbeddingSession, orders: readonly Order[]) {
    this.#session = session;
    this.#orders = orders;
  }

  async sent(reservedUsd: number | undefined): Promise<void> {
    const { book, transport } = this.#session;
    const byCaller = groupByCaller(this.#orders);
    this.#shares = Array.from(byCaller.values(), (orders) => ({ id: newCallId(), orders }));
    const kind = this.#kind;
    this.#kind = "retry";
    await Promise.all(
      this.#shares.map(async ({ id, orders: [first] }, index) =>
        book?.begin({
          ...headOf(transport, first?.key ?? ""),
          ...first?.caller,
          id,
          kind,
          calls: index === 0 ? 1 : 0,
          reservedUsd: index === 0 ? reservedUsd : undefined,
        }),
      ),
    );
  }

  async failed({ error, usage, costUsd, latencyMs }: Attempt): Promise<void> {
    const status = error?.kind ?? "server";
    await Promise.all(
      this.#shares.map(async ({ id }, index) =>
        this.#session.book?.end({ id, status, latencyMs, ...(index === 0 ? { ...usage, costUsd } : { costUsd: 0 }) }),
      ),
    );
  }

  /** Shares tokens and cost out by the length of the texts, and keeps the embeddings. */
  async keep({ model, usage, embeddings }: EmbeddingAnswer, latencyMs: number): Promise<readonly Delivery[]> {
    const { book, cacheMode, price, transport } = this.#session;
    const tokens = shareOut(usage.inputTokens, this.#orders);
    const entries = new Map<Order, CacheEntry>();
    const deliveries = new Map(
      this.#orders.map((order, index) => {
        const inputTokens = tokens?.[index] ?? null;
        const costUsd = costOf(usageOf(inputTokens), price);
        const embedding = encodeEmbedding(embeddings[index] ?? []);
        const answer: CachedEmbedding = { model, costUsd, embedding, inputTokens, latencyMs };
        entries.set(order, { key: order.key, program: "embed", provider: transport.provider, answer });
        // In the cached form, so that it is the same next time.
        const delivery = { embedding: decodeEmbedding(embedding), model, inputTokens, costUsd, latencyMs };
        return [order, { ...delivery, isCached: false }];
      }),
    );
    await Promise.all(
      this.#shares.map(async ({ id, orders }) => {
        const own = orders.flatMap((order) => deliveries.get(order) ?? []);
        const isKnown = own.every(({ costUsd }) => costUsd !== null);
        const { inputTokens, costUsd } = sumUp(own);
        return book?.end({
          id,
          status: "ok",
          answeredBy: model,
          inputTokens: tokens === null ? null : inputTokens,
          outputTokens: 0,
          costUsd: isKnown ? costUsd : null,
          latencyMs,
          kept: cacheMode === "off" ? [] : orders.flatMap((order) => entries.get(order) ?? []),
        });
      }),
    );
    return [...deliveries.values()];
  }
}

const DIVISIBLE: ReadonlySet<LlmError["kind"]> = new Set(["bad_request", "context_length"]);

const usageOf = (inputTokens: number | null): LlmUsage => ({ inputTokens, outputTokens: 0, cachedInputTokens: null });

function groupByCaller(orders: readonly Order[]): ReadonlyMap<Caller, readonly Order[]> {
  const groups = new Map<Caller, Order[]>();
  for (const order of orders) {
    const group = groups.get(order.caller);
    if (group === undefined) groups.set(order.caller, [order]);
    else group.push(order);
  }
  return groups;
}
