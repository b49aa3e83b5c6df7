import type { AskOptions } from "./ask.ts";
import { callModel, type CallModelOptions } from "../calls/call-model.ts";
import type { Embedding, EmbeddingAnswer, EmbeddingTransport } from "../calls/embedding-transport.ts";
import { createOrder, type Delivery, leave, type Order, shareOut, sumUp } from "./embedding-order.ts";
import { type CachedEmbedding, decodeEmbedding, embeddingKey, encodeEmbedding } from "./kept-embedding.ts";
import { LlmError } from "../calls/llm-error.ts";
import { unlessAborted } from "../calls/on-abort.ts";
import { costOf } from "./cost.ts";
import type { CacheEntry, CacheMode, ResponseCache } from "./response-cache.ts";
import type { LlmSession } from "./session.ts";
import type { Telemetry, UsageTotals } from "./telemetry.ts";
import type { LlmUsage } from "../calls/transport.ts";

/** Embeddings of texts, in their order, and what they took. */
export interface Embedded {
  readonly embeddings: readonly Embedding[];
  /** Columns of `llmTelemetry()`: spread them into the row. */
  readonly telemetry: Telemetry;
}

/** Everything that embeddings of one run share. */
export interface EmbeddingSession extends Pick<LlmSession, "price" | "budget" | "timeoutMs" | "maxRetries"> {
  readonly transport: EmbeddingTransport;
  readonly cache: ResponseCache | undefined;
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

  async embed(texts: readonly string[], { signal, onUsage }: AskOptions): Promise<Embedded> {
    // The first caller pays for a text; whoever asks for it at the same time gets it as if it were kept.
    const own = new Set<Order>();
    const orders = texts.map((text) => this.#order(text, own));
    try {
      const results = await unlessAborted(Promise.allSettled(orders.map(({ settled }) => settled)), signal);
      const deliveries = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
      const paid = [...own].map((order) => results[orders.indexOf(order)]);
      const asked = paid.flatMap((result) =>
        result?.status === "fulfilled" && !result.value.isCached ? [result.value] : [],
      );
      const usage = sumUp(asked, texts.length);
      onUsage(usage, this.#session.transport);
      const failed = results.find((result) => result.status === "rejected");
      if (failed !== undefined) throw failed.reason;
      return { embeddings: deliveries.map(({ embedding }) => embedding), telemetry: this.#telemetry(asked, usage) };
    } finally {
      leave(orders);
    }
  }

  #order(text: string, own: Set<Order>): Order {
    const key = embeddingKey(this.#session.transport, text);
    const known = this.#orders.get(key);
    if (known !== undefined) {
      known.waiting += 1;
      return known;
    }
    const order = createOrder(key, text);
    own.add(order);
    this.#orders.set(key, order);
    // Callers hear of a failure; that nobody waits any more is none.
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
        throw new LlmError("bad_request", `${rest.length} embeddings are not in the cache, and nothing may be asked.`, {
          hint: 'Run without `cache: "only"`.',
        });
      }
      for (let start = 0; start < rest.length; start += transport.maxTexts)
        void this.#send(rest.slice(start, start + transport.maxTexts));
    } catch (error) {
      for (const order of orders) order.fail(error);
    }
  }

  /** Returns the orders that are not in the cache. */
  async #deliverKept(orders: readonly Order[]): Promise<readonly Order[]> {
    const { cache, cacheMode } = this.#session;
    if (cache === undefined || cacheMode === "off" || cacheMode === "refresh") return orders;
    const kept = await cache.read<CachedEmbedding>(orders.map(({ key }) => key));
    return orders.filter(({ key, deliver }) => {
      const answer = kept.get(key);
      if (answer === undefined) return true;
      const embedding = decodeEmbedding(answer.embedding);
      deliver({ embedding, model: answer.model, inputTokens: 0, costUsd: 0, latencyMs: 0, isCached: true });
      return false;
    });
  }

  async #send(all: readonly Order[]): Promise<void> {
    const orders = all.filter(({ waiting }) => waiting > 0);
    const gone = all.filter(({ waiting }) => waiting === 0);
    for (const { fail } of gone) fail(new LlmError("aborted", "Nobody waits for this embedding any more."));
    if (orders.length === 0) return;
    try {
      await this.#deliver(orders, await this.#call(orders));
    } catch (error) {
      // One text that does not fit must not fail the others.
      const isDivisible = error instanceof LlmError && DIVISIBLE.has(error.kind) && orders.length > 1;
      if (!isDivisible) return orders.forEach(({ fail }) => fail(error));
      const half = Math.ceil(orders.length / 2);
      await Promise.all([this.#send(orders.slice(0, half)), this.#send(orders.slice(half))]);
    }
  }

  async #call(orders: readonly Order[]): Promise<EmbeddingAnswer & { readonly latencyMs: number }> {
    const { transport, price, ...options } = this.#session;
    const texts = orders.map(({ text }) => text);
    const characters = texts.reduce((sum, { length }) => sum + length, 0);
    // Three characters a token are fewer than any tokenizer makes of prose.
    const most = usageOf(Math.ceil(characters / 3));
    const stop = new AbortController();
    let wanted = orders.length;
    const onAbandoned = () => {
      wanted -= 1;
      if (wanted === 0) stop.abort();
    };
    for (const order of orders) order.onAbandoned = onAbandoned;
    const call: CallModelOptions = {
      ...options,
      signal: stop.signal,
      estimatedTokens: Math.ceil(characters / 4),
      estimateUsd: price === undefined ? undefined : (costOf(most, price) ?? undefined),
      costOf: (usage) => costOf(usage, price),
    };
    const called = await callModel(transport, (signal) => transport.embed(texts, { signal }), call);
    return { ...called.answer, latencyMs: called.latencyMs };
  }

  async #deliver(orders: readonly Order[], answer: EmbeddingAnswer & { readonly latencyMs: number }): Promise<void> {
    const { cache, cacheMode, price, transport } = this.#session;
    const { model, latencyMs, usage } = answer;
    const tokens = shareOut(usage.inputTokens, orders);
    const entries: CacheEntry[] = [];
    const deliveries = orders.map(({ key }, index): Delivery => {
      const inputTokens = tokens?.[index] ?? null;
      const costUsd = costOf(usageOf(inputTokens), price);
      const kept: CachedEmbedding = { model, costUsd, embedding: encodeEmbedding(answer.embeddings[index] ?? []) };
      entries.push({ key, program: "embed", provider: transport.provider, answer: kept });
      // As it is kept, so that it is the same the next time.
      return {
        embedding: decodeEmbedding(kept.embedding),
        model,
        inputTokens,
        costUsd,
        latencyMs,
        isCached: false,
      };
    });
    if (cacheMode !== "off") await cache?.write(entries);
    for (const [index, delivery] of deliveries.entries()) orders[index]?.deliver(delivery);
  }

  #telemetry(asked: readonly Delivery[], usage: UsageTotals): Telemetry {
    return {
      llmModel: asked[0]?.model ?? this.#session.transport.model,
      llmInputTokens: usage.inputTokens,
      llmOutputTokens: usage.outputTokens,
      llmCostUsd: usage.costUsd,
      llmLatencyMs: Math.round(Math.max(0, ...asked.map(({ latencyMs }) => latencyMs))),
      llmCached: asked.length === 0,
    };
  }
}

const DIVISIBLE: ReadonlySet<LlmError["kind"]> = new Set(["bad_request", "context_length"]);

const usageOf = (inputTokens: number | null): LlmUsage => ({ inputTokens, outputTokens: 0, cachedInputTokens: null });
