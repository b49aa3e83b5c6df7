export interface TreeNode {
  readonly name: string;
  readonly upstreams: readonly string[];
}

/** One line of a graph drawn as a tree. */
export interface TreeLine {
  readonly name: string;
  /** Connectors in front of the name. */
  readonly prefix: string;
  readonly depth: number;
  /** What it reads beside the model it hangs under. */
  readonly alsoReads: readonly string[];
}

/** Draws a graph as a tree: every model hangs under the deepest of those it reads. */
export function layoutTree(nodes: readonly TreeNode[]): readonly TreeLine[] {
  const known = new Map(nodes.map((node) => [node.name, node]));
  const depth = new Map<string, number>();
  const parents = new Map<string, string>();
  const children = new Map<string, string[]>();
  const roots: string[] = [];
  for (const { name, upstreams } of nodes) {
    const present = upstreams.filter((upstream) => known.has(upstream));
    const parent = present.toSorted((a, b) => (depth.get(b) ?? 0) - (depth.get(a) ?? 0))[0];
    depth.set(name, parent === undefined ? 0 : (depth.get(parent) ?? 0) + 1);
    if (parent === undefined) roots.push(name);
    else {
      parents.set(name, parent);
      children.set(parent, [...(children.get(parent) ?? []), name]);
    }
  }
  const lines: TreeLine[] = [];
  const visit = (name: string, prefix: string, indent: string) => {
    const parent = parents.get(name);
    const alsoReads = (known.get(name)?.upstreams ?? []).filter((upstream) => upstream !== parent);
    lines.push({ name, prefix, depth: depth.get(name) ?? 0, alsoReads });
    const below = children.get(name) ?? [];
    below.forEach((child, index) => {
      const isLast = index === below.length - 1;
      visit(child, `${indent}${isLast ? "└─ " : "├─ "}`, `${indent}${isLast ? "   " : "│  "}`);
    });
  };
  for (const root of roots) visit(root, "", "");
  return lines;
}
