import { connectedComponents, spanningPairs, type Pair } from "./connected-components.ts";
import { byCodePoint } from "./entity-key.ts";

export interface Embedded {
  readonly id: string;
  /** Neighbours in this order are compared when the block is too large to compare all with all. */
  readonly order: string;
  readonly embedding: readonly number[];
}

// The longest part of a block may still be long; beyond this each is compared with those that are spelled most alike.
const MAX_COMPARED = 60;
// So many names of other clusters a language model is shown for each name.
const MOST_NEAREST = 10;

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

/**
 * As few of the pairs as say the same: those that hold together what is within `eps`, and for each the nearest beyond,
 * as far as they belong to another cluster.
 */
export function fewestPairs(
  pairs: readonly Pair[],
  { eps, minSamples }: { readonly eps: number; readonly minSamples: number },
): Pair[] {
  const near = pairs.filter(({ distance }) => distance <= eps);
  const ids = new Set(pairs.flatMap(({ firstId, secondId }) => [firstId, secondId]));
  const clusters = connectedComponents(ids, near, { eps, minSamples });
  const nearest = nearestElsewhere(pairs, clusters);
  const isNearest = (id: string, other: string) => nearest.get(id)?.some((one) => one.id === other) === true;
  const beyond = pairs.filter(
    ({ firstId, secondId, distance }) =>
      distance > eps && (isNearest(firstId, secondId) || isNearest(secondId, firstId)),
  );
  // How many neighbours one has is counted where more than one makes a cluster.
  return [...(minSamples === 1 ? spanningPairs(near) : near), ...beyond];
}

/** For each id the nearest ids of other clusters, the first of them first. */
export function nearestElsewhere(
  pairs: readonly Pair[],
  clusters: ReadonlyMap<string, string>,
): ReadonlyMap<string, readonly { readonly id: string; readonly distance: number }[]> {
  const found = new Map<string, Map<string, number>>();
  const add = (id: string, other: string, distance: number) => {
    const others = found.get(id) ?? new Map<string, number>();
    found.set(id, others);
    others.set(other, Math.min(distance, others.get(other) ?? distance));
  };
  for (const { firstId, secondId, distance } of pairs) {
    if (clusters.get(firstId) === clusters.get(secondId)) continue;
    add(firstId, secondId, distance);
    add(secondId, firstId, distance);
  }
  return new Map(
    Array.from(found, ([id, others]) => {
      const sorted = Array.from(others, ([other, distance]) => ({ id: other, distance })).toSorted(
        (a, b) => a.distance - b.distance || byCodePoint(a.id, b.id),
      );
      return [id, sorted.slice(0, MOST_NEAREST)];
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
