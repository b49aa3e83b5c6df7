import { byCodePoint } from "./entity-key.ts";

export interface Embedded {
  readonly id: string;
  /** Neighbours in this order are compared when the block is too large to compare all with all. */
  readonly order: string;
  readonly embedding: readonly number[];
}

export interface Pair {
  readonly firstId: string;
  readonly secondId: string;
  readonly distance: number;
}

// A common word makes a block of thousands; beyond this each is compared with those that are spelled most alike.
const MAX_COMPARED = 60;

/** Pairs of a block that are at most `maxDistance` apart. Its cost grows with the block, not with its square. */
export function comparePairs(members: readonly Embedded[], maxDistance: number): Pair[] {
  const sorted = members.toSorted((a, b) => byCodePoint(a.order, b.order) || (a.id < b.id ? -1 : 1));
  const lengths = sorted.map(({ embedding }) => Math.hypot(...embedding));
  return sorted.flatMap((one, index) =>
    sorted.slice(index + 1, index + 1 + MAX_COMPARED).flatMap((other, offset): Pair[] => {
      const product = (lengths[index] ?? 0) * (lengths[index + 1 + offset] ?? 0);
      const distance = product === 0 ? 1 : 1 - dot(one.embedding, other.embedding) / product;
      return distance <= maxDistance ? [pairOf(one.id, other.id, distance)] : [];
    }),
  );
}

/** Pairs that hold all members together, each at no distance. */
export function chainPairs(ids: readonly string[]): Pair[] {
  const [first, ...rest] = ids.toSorted(byCodePoint);
  return first === undefined ? [] : rest.map((id) => pairOf(first, id, 0));
}

function pairOf(a: string, b: string, distance: number): Pair {
  const [firstId, secondId] = a < b ? [a, b] : [b, a];
  // Embeddings are kept with fewer digits than they are computed with.
  return { firstId, secondId, distance: Math.max(0, Math.round(distance * 10_000) / 10_000) };
}

function dot(a: readonly number[], b: readonly number[]): number {
  let sum = 0;
  for (let index = 0; index < a.length; index += 1) sum += (a[index] ?? 0) * (b[index] ?? 0);
  return sum;
}
