import { UsageError } from "../core/errors.ts";
import { didYouMean, nearestNames, quoteList } from "../core/text.ts";
import type { Exposure } from "../model/exposure.ts";
import type { Graph } from "./build-graph.ts";
import { type GraphNode, NodeGraph } from "./node-graph.ts";
import { type Criterion, malformed, parseSelector, type Selector, type SelectorMethod } from "./parse-selector.ts";
import { type NodeFacts, selectNodes } from "./select-nodes.ts";

/** Selectors as they stand in a project's config, by name. */
export type NamedSelectors = Readonly<Record<string, string>>;

export interface SelectOptions extends NodeFacts {
  /** Selectors in dbt's grammar, each of them adds models; without any it is all models. */
  readonly select?: readonly string[] | undefined;
  /** What to leave out of these. */
  readonly exclude?: readonly string[] | undefined;
  readonly selectors?: NamedSelectors | undefined;
  readonly exposures?: readonly Exposure[] | undefined;
  /** Is told of every criterion that matches nothing. */
  readonly onWarning?: ((message: string) => void) | undefined;
}

/** Names of the models that selectors describe, in the order of the graph. A malformed selector is a UsageError. */
export function selectModels(graph: Graph, options: SelectOptions): readonly string[] {
  const { select = [], exclude = [] } = options;
  const selection = new Selection(new NodeGraph(graph, options.exposures ?? []), options);
  const wanted = select.length === 0 ? new Set(selection.nodes) : selection.of(select);
  const unwanted = selection.of(exclude);
  const names = new Set(
    [...wanted].filter((node) => node.type === "model" && !unwanted.has(node)).map(({ name }) => name),
  );
  return [...graph.keys()].filter((name) => names.has(name));
}

/** Methods that selectors use, so that nobody has to know what nobody asks about. */
export function methodsOf(texts: readonly string[], selectors: NamedSelectors = {}): ReadonlySet<SelectorMethod> {
  const found = new Set<SelectorMethod>();
  const visit = (selector: Selector, path: readonly string[]) => {
    for (const criterion of selector.flat()) {
      found.add(criterion.method);
      if (criterion.method === "selector") visit(namedSelector(criterion, selectors, path), [...path, criterion.value]);
    }
  };
  for (const text of texts) visit(parseGiven(text), []);
  return found;
}

class Selection {
  readonly nodes: readonly GraphNode[];
  readonly #graph: NodeGraph;
  readonly #options: SelectOptions;

  constructor(graph: NodeGraph, options: SelectOptions) {
    this.nodes = graph.nodes;
    this.#graph = graph;
    this.#options = options;
  }

  of(texts: readonly string[]): ReadonlySet<GraphNode> {
    return union(texts.map((text) => this.#union(parseGiven(text), [])));
  }

  #union(selector: Selector, path: readonly string[]): ReadonlySet<GraphNode> {
    return union(selector.map((criteria) => this.#intersection(criteria, path)));
  }

  #intersection(criteria: readonly Criterion[], path: readonly string[]): ReadonlySet<GraphNode> {
    const [first = new Set<GraphNode>(), ...others] = criteria.map((criterion) => this.#reach(criterion, path));
    return new Set([...first].filter((node) => others.every((other) => other.has(node))));
  }

  #reach(criterion: Criterion, path: readonly string[]): ReadonlySet<GraphNode> {
    const { parents, children, childrensParents, method } = criterion;
    const start =
      method === "selector"
        ? this.#union(namedSelector(criterion, this.#options.selectors ?? {}, path), [...path, criterion.value])
        : new Set(selectNodes(criterion, this.nodes, this.#options));
    if (start.size === 0 && method !== "selector") this.#warn(criterion);
    if (childrensParents) {
      const below = this.#graph.withChildren(start, Number.POSITIVE_INFINITY);
      return this.#graph.withParents(below, Number.POSITIVE_INFINITY);
    }
    return union([
      start,
      ...(parents === undefined ? [] : [this.#graph.withParents(start, parents)]),
      ...(children === undefined ? [] : [this.#graph.withChildren(start, children)]),
    ]);
  }

  #warn(criterion: Criterion): void {
    const nearest = nearestNames(criterion.value, this.#namesFor(criterion.method));
    const hint = nearest.length === 0 ? "" : ` Nearest: ${quoteList(nearest)}.`;
    this.#options.onWarning?.(`Selector "${criterion.text}" matches nothing.${hint}`);
  }

  #namesFor(method: SelectorMethod): readonly string[] {
    const models = this.nodes.flatMap((node) => (node.type === "model" ? [node.resolved.model] : []));
    const files = () => models.flatMap(({ name }) => this.#options.fileOf(name) ?? []);
    switch (method) {
      case "fqn":
        return models.flatMap(({ name }) => [name, name.slice(name.lastIndexOf(".") + 1)]);
      case "tag":
        return models.flatMap(({ tags }) => tags);
      case "owner":
        return models.flatMap(({ owner }) => owner ?? []);
      case "namespace":
        return models.map(({ name }) => name.slice(0, Math.max(0, name.lastIndexOf("."))));
      case "path":
        return files();
      case "file":
        return files().map((file) => file.slice(file.lastIndexOf("/") + 1));
      case "source":
      case "exposure":
        return this.nodes.flatMap(({ type, name }) => (type === method ? [name] : []));
      default:
        return [];
    }
  }
}

function parseGiven(text: string): Selector {
  const selector = parseSelector(text);
  if (selector.length === 0) throw malformed(text, "it is empty");
  return selector;
}

function namedSelector({ value, text }: Criterion, selectors: NamedSelectors, path: readonly string[]): Selector {
  const names = Object.keys(selectors);
  const found = Object.hasOwn(selectors, value) ? selectors[value] : undefined;
  if (found === undefined) {
    throw new UsageError("SELECTOR_UNKNOWN", `"${text}": there is no selector "${value}".${didYouMean(value, names)}`, {
      hint:
        names.length === 0
          ? 'Name one in millrace.config.ts: selectors: { nightly: "tag:nightly+" }.'
          : `Selectors of millrace.config.ts: ${quoteList(names)}.`,
    });
  }
  if (path.includes(value)) {
    throw new UsageError("SELECTOR_CYCLE", `Selectors name each other in a circle: ${[...path, value].join(" → ")}.`, {
      hint: "Correct `selectors` in millrace.config.ts.",
    });
  }
  return parseGiven(found);
}

function union(sets: readonly ReadonlySet<GraphNode>[]): ReadonlySet<GraphNode> {
  return new Set(sets.flatMap((set) => [...set]));
}
