import { createHash } from "node:crypto";
import { distinct, singular, words } from "./entity-key.ts";

const BANDS = 4;

/**
 * Blocks of statements that may be near each other: statements with nearly the same words nearly always share one,
 * others hardly ever. Each is the pair of words that come first in an order of its own (MinHash).
 */
export function statementBlocks(statement: string): string[] {
  const spelled = distinct(
    words(statement)
      .filter((word) => word.length >= 3)
      .map(singular),
  );
  if (spelled.length === 0) return [];
  const hashed = spelled.map((word) => ({ word, digest: createHash("md5").update(word).digest() }));
  return distinct(
    Array.from({ length: BANDS }, (_, band) => {
      const order = hashed.toSorted((a, b) => a.digest.readUInt32BE(band * 4) - b.digest.readUInt32BE(band * 4));
      return `${band} ${order
        .slice(0, 2)
        .map(({ word }) => word)
        .join(" ")}`;
    }),
  );
}
