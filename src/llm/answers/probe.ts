import type { Database } from "../../database/connect.ts";
import type { EmbeddingTransport } from "../calls/embedding-transport.ts";
import type { LlmTransport } from "../calls/transport.ts";
import { requestKey } from "../prompts/prompt.ts";
import { offlineEmbeddings } from "../providers/offline/offline-embeddings.ts";
import { offlineModel } from "../providers/offline/offline-model.ts";
import type { CallBook, CallHead } from "./call-book.ts";
import { priceOf } from "./cost.ts";
import type { Price } from "./price.ts";
import { peekKept } from "./response-cache.ts";

/** A request that would be sent. */
export interface ProbedRequest {
  /** Name of the signature, or `embed`. */
  readonly signature: string;
  readonly characters: number;
  readonly maxOutputTokens: number | undefined;
  /** Today's, of the model that would answer. */
  readonly price: Price | undefined;
  readonly isEmbedding: boolean;
}

interface NamedModel {
  readonly provider: string;
  readonly model: string;
}

/**
 * Finds out what functions would ask. Nothing leaves the process and nothing is written: a request whose answer is kept
 * gets it, any other is recorded and gets an answer that is made up.
 */
export class Probe {
  /** In the order in which they were made. */
  readonly requests: ProbedRequest[] = [];
  /** Requests of each unit, and how many of them have kept answers. */
  readonly units = new Map<string, { asked: number; kept: number }>();
  /** Price of the model that each signature goes to. */
  readonly prices = new Map<string, Price | undefined>();
  readonly #pricesOfModels = new Map<string, Price | undefined>();
  readonly #signatures = new Map<string, string>();

  /** Reads the kept answers of a database, if there is one, and counts no hit. */
  book(database: Database | undefined): CallBook {
    return {
      read: async (keys) => (database === undefined ? new Map() : peekKept(database, keys)),
      hit: async (head) => this.#count(head, { isKept: true }),
      begin: async (head) => {
        if (head.kind !== "ask") return;
        this.#signatures.set(head.key, head.signature);
        this.#count(head, { isKept: false });
      },
      end: async () => undefined,
      answerLengths: async () => ({ answers: 0, longest: 0 }),
    };
  }

  /** Stands in for a model: its requests have the same keys. `named` is what is known of one that cannot be opened. */
  async transport(
    open: () => Promise<LlmTransport>,
    { named, price }: { readonly named: NamedModel; readonly price: Price | undefined },
  ): Promise<LlmTransport> {
    const { provider, model, endpoint } = await identityOf(open, named);
    const standIn = offlineModel();
    this.#pricesOfModels.set(`${provider} ${model}`, price ?? priceOf(provider, model));
    const identity = { provider, model, endpoint };
    return {
      ...identity,
      limiterKey: LIMITER_KEY,
      call: async (request, options) => {
        const signature = this.#signatures.get(requestKey(request, identity));
        // The model would never get a repair of a made-up answer.
        if (signature !== undefined) {
          this.requests.push({
            signature,
            characters: request.messages.reduce((sum, { content }) => sum + content.length, 0),
            maxOutputTokens: request.params.maxOutputTokens,
            price: price ?? priceOf(provider, model),
            isEmbedding: false,
          });
        }
        return standIn.call(request, options);
      },
    };
  }

  async embeddings(open: () => Promise<EmbeddingTransport>, named: NamedModel): Promise<EmbeddingTransport> {
    const standIn = offlineEmbeddings();
    const { provider, model, endpoint } = await identityOf(open, named);
    return {
      ...standIn,
      provider,
      model,
      endpoint,
      limiterKey: LIMITER_KEY,
      embed: async (texts, options) => {
        this.requests.push({
          signature: "embed",
          characters: texts.reduce((sum, { length }) => sum + length, 0),
          maxOutputTokens: 0,
          price: priceOf(provider, model),
          isEmbedding: true,
        });
        return standIn.embed(texts, options);
      },
    };
  }

  #count(
    { sourceKey = "", signature, provider, askedModel }: CallHead,
    { isKept }: { readonly isKept: boolean },
  ): void {
    const price = this.#pricesOfModels.get(`${provider} ${askedModel}`) ?? priceOf(provider, askedModel);
    this.prices.set(signature, price);
    const unit = this.units.get(sourceKey) ?? { asked: 0, kept: 0 };
    this.units.set(sourceKey, { asked: unit.asked + 1, kept: unit.kept + (isKept ? 1 : 0) });
  }
}

// A probe must not affect the limits and the breaker of a real model.
const LIMITER_KEY = "probe";

/** A model whose key or package is missing cannot be opened, yet a plan may say what it would be asked. */
async function identityOf(
  open: () => Promise<NamedModel & { readonly endpoint: string }>,
  named: NamedModel,
): Promise<NamedModel & { readonly endpoint: string }> {
  try {
    return await open();
  } catch {
    return { ...named, endpoint: "unknown" };
  }
}
