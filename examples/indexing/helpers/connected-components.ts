import { countBy } from "./count-by.ts";
import { byCodePoint } from "./entity-key.ts";

export interface Pair {
  readonly firstId: string;
  readonly secondId: string;
  readonly distance: number;
}

export interface ComponentOptions {
  /** Pairs at most this far apart are neighbours. */
  readonly eps: number;
  /** Neighbours, itself included, that make a member the core of a cluster. */
  readonly minSamples: number;
}

// A longer list nobody decides about with care.
const LARGEST_CLUSTER = 40;

/**
 * The cluster of every id: that of density clustering (DBSCAN), which with `minSamples` 1 are the connected components.
 * A cluster is called after the first of its members. One that belongs nowhere is a cluster of its own. In a cluster of
 * more than 40 each holds on to the nearest only: names of one pattern would make a chain of thousands.
 */
export function connectedComponents(
  ids: Iterable<string>,
  pairs: Iterable<Pair>,
  { eps, minSamples }: ComponentOptions,
): ReadonlyMap<string, string> {
  const near = new Map([...pairs].filter((pair) => pair.distance <= eps).map((pair) => [nameOf(pair), pair]));
  const neighbours = new Map<string, number>();
  for (const { firstId, secondId } of near.values())
    for (const id of [firstId, secondId]) neighbours.set(id, (neighbours.get(id) ?? 1) + 1);
  const isCore = (id: string) => (neighbours.get(id) ?? 1) >= minSamples;
  const forest = new Forest();
  const nearestCore = new Map<string, { readonly id: string; readonly distance: number }>();
  for (const { firstId, secondId, distance } of near.values()) {
    if (isCore(firstId) && isCore(secondId)) forest.join(firstId, secondId);
    else if (isCore(firstId)) keepNearest(nearestCore, secondId, { id: firstId, distance });
    else if (isCore(secondId)) keepNearest(nearestCore, firstId, { id: secondId, distance });
  }
  for (const [id, core] of nearestCore) forest.join(id, core.id);
  return cutLarge(new Map(Array.from(ids, (id) => [id, forest.rootOf(id)])), near.values());
}

/** The clusters, and in place of a large one those that the nearest of each make. */
function cutLarge(clusters: ReadonlyMap<string, string>, pairs: Iterable<Pair>): ReadonlyMap<string, string> {
  const sizes = countBy(clusters.values());
  const isLarge = (cluster: string | undefined) => (sizes.get(cluster ?? "") ?? 0) > LARGEST_CLUSTER;
  const forest = new Forest();
  const nearest = new Map<string, { readonly id: string; readonly distance: number }>();
  for (const { firstId, secondId, distance } of pairs) {
    const cluster = clusters.get(firstId);
    if (!isLarge(cluster) || clusters.get(secondId) !== cluster) continue;
    if (distance === 0) forest.join(firstId, secondId);
    keepNearest(nearest, firstId, { id: secondId, distance });
    keepNearest(nearest, secondId, { id: firstId, distance });
  }
  for (const [id, other] of nearest) forest.join(id, other.id);
  return new Map(Array.from(clusters, ([id, cluster]) => [id, isLarge(cluster) ? forest.rootOf(id) : cluster]));
}

const nameOf = ({ firstId, secondId }: Pair) => `${firstId} ${secondId}`;

function keepNearest(
  nearest: Map<string, { readonly id: string; readonly distance: number }>,
  id: string,
  core: { readonly id: string; readonly distance: number },
): void {
  const known = nearest.get(id);
  const isNearer =
    known === undefined ||
    core.distance < known.distance ||
    (core.distance === known.distance && byCodePoint(core.id, known.id) < 0);
  if (isNearer) nearest.set(id, core);
}

/**
 * As few of the pairs as hold together what all of them do, at every distance: the nearest first. A thousand statements
 * of one pattern are half a million pairs, of which a thousand say all.
 */
export function spanningPairs(pairs: readonly Pair[]): Pair[] {
  const forest = new Forest();
  const sorted = pairs.toSorted((a, b) => a.distance - b.distance || (nameOf(a) < nameOf(b) ? -1 : 1));
  return sorted.filter(({ firstId, secondId }) => {
    const isNew = forest.rootOf(firstId) !== forest.rootOf(secondId);
    if (isNew) forest.join(firstId, secondId);
    return isNew;
  });
}

/** Sets that are joined two by two; the root of each is the first of its members by code points. */
class Forest {
  readonly #parents = new Map<string, string>();

  rootOf(id: string): string {
    let root = id;
    for (let up = this.#parents.get(root); up !== undefined; up = this.#parents.get(root)) root = up;
    for (let step = id; step !== root;) {
      const next = this.#parents.get(step) ?? root;
      this.#parents.set(step, root);
      step = next;
    }
    return root;
  }

  join(a: string, b: string): void {
    const [first, second] = [this.rootOf(a), this.rootOf(b)];
    if (first === second) return;
    if (byCodePoint(first, second) < 0) this.#parents.set(second, first);
    else this.#parents.set(first, second);
  }
}
