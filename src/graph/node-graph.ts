import type { Exposure } from "../model/exposure.ts";
import type { Graph } from "./build-graph.ts";
import type { ResolvedModel } from "./resolved-model.ts";

/** What a selector can name: a model, an external source, or an exposure. */
export type GraphNode =
  | { readonly type: "model"; readonly name: string; readonly resolved: ResolvedModel }
  | { readonly type: "source"; readonly name: string }
  | { readonly type: "exposure"; readonly name: string; readonly exposure: Exposure };

/** Name of the source that stands for the project's documents. */
const DOCUMENTS = "documents";

/** Models with what they read and what they are used for; it can be walked both ways. */
export class NodeGraph {
  readonly nodes: readonly GraphNode[];
  readonly #parents = new Map<GraphNode, GraphNode[]>();
  readonly #children = new Map<GraphNode, GraphNode[]>();

  constructor(graph: Graph, exposures: readonly Exposure[]) {
    const models = new Map<string, GraphNode>();
    const sources = new Map<string, GraphNode>();
    const sourceNamed = (name: string): GraphNode => {
      const source: GraphNode = sources.get(name) ?? { type: "source", name };
      sources.set(name, source);
      return source;
    };
    for (const [name, resolved] of graph) models.set(name, { type: "model", name, resolved });
    for (const [name, resolved] of graph) {
      for (const source of resolved.sources) this.#connect(models.get(name), toParent(source, models, sourceNamed));
    }
    const uses = exposures.map((exposure): GraphNode => ({ type: "exposure", name: exposure.name, exposure }));
    for (const use of uses) {
      if (use.type !== "exposure") continue;
      for (const name of use.exposure.dependsOn) this.#connect(use, models.get(name) ?? sources.get(name));
    }
    this.nodes = [...sources.values(), ...models.values(), ...uses];
  }

  /** Everything within so many steps up, the given nodes included. */
  withParents(nodes: Iterable<GraphNode>, steps: number): ReadonlySet<GraphNode> {
    return walk(this.#parents, nodes, steps);
  }

  withChildren(nodes: Iterable<GraphNode>, steps: number): ReadonlySet<GraphNode> {
    return walk(this.#children, nodes, steps);
  }

  #connect(child: GraphNode | undefined, parent: GraphNode | undefined): void {
    if (child === undefined || parent === undefined) return;
    append(this.#parents, child, parent);
    append(this.#children, parent, child);
  }
}

function toParent(
  { origin }: ResolvedModel["sources"][number],
  models: ReadonlyMap<string, GraphNode>,
  sourceNamed: (name: string) => GraphNode,
): GraphNode | undefined {
  if (origin.type === "model") return models.get(origin.model.name);
  return sourceNamed(origin.type === "documents" ? DOCUMENTS : origin.table);
}

function append(edges: Map<GraphNode, GraphNode[]>, from: GraphNode, to: GraphNode): void {
  const known = edges.get(from);
  if (known === undefined) edges.set(from, [to]);
  else if (!known.includes(to)) known.push(to);
}

function walk(
  edges: ReadonlyMap<GraphNode, readonly GraphNode[]>,
  from: Iterable<GraphNode>,
  steps: number,
): ReadonlySet<GraphNode> {
  const found = new Set(from);
  let frontier: readonly GraphNode[] = [...found];
  for (let step = 0; step < steps && frontier.length > 0; step += 1) {
    const next = new Set(frontier.flatMap((node) => edges.get(node) ?? []));
    frontier = [...next].filter((node) => !found.has(node));
    for (const node of frontier) found.add(node);
  }
  return found;
}
