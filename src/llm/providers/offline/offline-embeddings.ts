import { createHash } from "node:crypto";
import type { Embedding, EmbeddingTransport } from "../../calls/embedding-transport.ts";

const DIMENSIONS = 256;
const GRAM = 3;
// A whole word means more than three of its letters.
const WORD_WEIGHT = 2;

/**
 * Embeddings that need no key and no network: texts that share words and parts of words are near each other. They know
 * nothing of meaning, and are the same everywhere and always.
 */
export function offlineEmbeddings(): EmbeddingTransport {
  return {
    provider: "offline",
    model: "offline",
    endpoint: "offline",
    limiterKey: "offline embeddings",
    maxTexts: 256,
    embed: async (texts) => ({
      embeddings: texts.map(embedText),
      model: "offline",
      usage: {
        inputTokens: Math.ceil(texts.reduce((sum, { length }) => sum + length, 0) / 4),
        outputTokens: 0,
        cachedInputTokens: 0,
      },
      rateLimit: undefined,
    }),
  };
}

function embedText(text: string): Embedding {
  const sums = Array.from({ length: DIMENSIONS }, () => 0);
  for (const word of text
    .toLowerCase()
    .normalize("NFKD")
    .match(/[\p{L}\p{N}]+/gu) ?? []) {
    addFeature(sums, ` ${word} `, WORD_WEIGHT);
    const padded = ` ${word} `;
    for (let start = 0; start + GRAM <= padded.length; start += 1)
      addFeature(sums, padded.slice(start, start + GRAM), 1);
  }
  const length = Math.hypot(...sums);
  return length === 0 ? sums : sums.map((sum) => sum / length);
}

// The sign keeps features that meet in one place from always adding up.
function addFeature(sums: number[], feature: string, weight: number): void {
  const hash = createHash("md5").update(feature).digest();
  const index = hash.readUInt32LE(0) % DIMENSIONS;
  sums[index] = (sums[index] ?? 0) + ((hash[4] ?? 0) % 2 === 0 ? weight : -weight);
}
