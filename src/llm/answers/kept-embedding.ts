import { sha256 } from "../../core/hash.ts";
import { canonicalJson } from "../../core/json.ts";
import type { Embedding, EmbeddingTransport } from "../calls/embedding-transport.ts";

/** Four bytes a number, as text. */
export interface CachedEmbedding {
  readonly model: string;
  readonly costUsd: number | null;
  readonly embedding: string;
  readonly inputTokens?: number | null;
  readonly latencyMs?: number;
}

/** What an embedding is found under. */
export function embeddingKey({ provider, endpoint, model }: EmbeddingTransport, text: string): string {
  return sha256(canonicalJson({ v: 1, embed: text, provider, endpoint, model }));
}

export function encodeEmbedding(embedding: Embedding): string {
  return Buffer.from(Float32Array.from(embedding).buffer).toString("base64");
}

export function decodeEmbedding(text: string): Embedding {
  const bytes = Buffer.from(text, "base64");
  return Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readFloatLE(index * 4));
}
