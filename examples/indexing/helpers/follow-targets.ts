export interface End<Node> {
  readonly root: Node;
  /** The way went round in a circle; the root is the one that `firstOf` chose of the circle. */
  readonly isCycle: boolean;
}

/** Follows each node's target to its end. Only nodes of a circle itself may stand for it, not those that lead there. */
export function followTargets<Node>(
  nodes: readonly Node[],
  targetOf: (node: Node) => Node | undefined,
  firstOf: (cycle: readonly Node[]) => Node,
): ReadonlyMap<Node, End<Node>> {
  const ends = new Map<Node, End<Node>>();
  for (const start of nodes) {
    const path = new Set<Node>();
    let node = start;
    let end = ends.get(node);
    while (end === undefined) {
      path.add(node);
      const next = targetOf(node);
      if (next === undefined) end = { root: node, isCycle: false };
      else if (path.has(next)) end = { root: firstOf([...path].slice([...path].indexOf(next))), isCycle: true };
      else {
        node = next;
        end = ends.get(node);
      }
    }
    for (const passed of path) ends.set(passed, end);
  }
  return ends;
}
