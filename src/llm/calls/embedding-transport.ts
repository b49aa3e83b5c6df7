import type { AnyAnswer } from "./check-answer.ts";

/** A list of numbers for a text: texts that mean alike have lists that point alike. */
export type Embedding = readonly number[];

export interface EmbeddingAnswer extends AnyAnswer {
  /** `embeddings[i]` belongs to `texts[i]`. */
  readonly embeddings: readonly Embedding[];
}

/** A way to one embedding model. Transports never retry, never wait for a limit and never cache. */
export interface EmbeddingTransport {
  readonly provider: string;
  /** The model's name as the provider knows it. */
  readonly model: string;
  /** Name of the endpoint: two servers with a model of one name are two. */
  readonly endpoint: string;
  /** Calls that share it share one limit. */
  readonly limiterKey: string;
  /** Texts that one request may carry. */
  readonly maxTexts: number;
  embed(texts: readonly string[], options: { readonly signal: AbortSignal }): Promise<EmbeddingAnswer>;
}
