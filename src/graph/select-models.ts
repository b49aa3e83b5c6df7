import { UsageError } from "../core/errors.ts";
import { didYouMean, nearestNames, quoteList } from "../core/text.ts";
import type { Exposure } from "../model/exposure.ts";
import type { Graph } from "./build-graph.ts";
import { type GraphNode, NodeGraph } from "./node-graph.ts";
import { type Criterion, parseSelector, type Selector } from "./parse-selector.ts";
import { invalidSelector, methodNamed, type NodeFacts, type SelectionContext, type Term } from "./selector-methods.ts";

/** Selectors of a project's config, by name. */
export type NamedSelectors = Readonly<Record<string, string>>;

export interface SelectOptions extends NodeFacts {
  /** Selectors in dbt's grammar, each of which adds models; all models without any. */
  readonly select?: readonly string[] | undefined;
  /** What to leave out of these. */
  readonly exclude?: readonly string[] | undefined;
  readonly selectors?: NamedSelectors | undefined;
  readonly exposures?: readonly Exposure[] | undefined;
  /** Called with every criterion that matches nothing. */
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

/** What selectors have to look up, so that nothing else is. */
export function factsNeeded(texts: readonly string[], selectors: NamedSelectors = {}): ReadonlySet<keyof NodeFacts> {
  // Without models every selector selects none, but each of its criteria is evaluated.
  const selection = new Selection(new NodeGraph(new Map(), []), { selectors, fileOf: () => undefined });
  selection.of(texts);
  return selection.needed;
}

class Selection {
  readonly nodes: readonly GraphNode[];
  readonly needed = new Set<keyof NodeFacts>();
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
    const { parents, children, childrensParents } = criterion;
    const start = this.#select(criterion, path);
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

  #select(criterion: Criterion, path: readonly string[]): ReadonlySet<GraphNode> {
    const method = methodNamed(criterion.method);
    const context: SelectionContext = {
      ...this.#options,
      nodes: this.nodes,
      selectNamed: (term) =>
        this.#union(namedSelector(term, this.#options.selectors ?? {}, path), [...path, term.value]),
    };
    if (method.needs !== undefined) this.needed.add(method.needs);
    const found = new Set(method.select(criterion, context));
    if (found.size === 0) this.#warn(criterion, method.names(context, criterion));
    return found;
  }

  #warn({ text, value }: Criterion, names: readonly string[]): void {
    const nearest = nearestNames(value, names);
    const hint = nearest.length === 0 ? "" : ` Nearest: ${quoteList(nearest)}.`;
    this.#options.onWarning?.(`Selector "${text}" matches nothing.${hint}`);
  }
}

function parseGiven(text: string): Selector {
  const selector = parseSelector(text);
  if (selector.length === 0) throw invalidSelector(text, "it is empty");
  return selector;
}

function namedSelector({ value, text }: Term, selectors: NamedSelectors, path: readonly string[]): Selector {
  const names = Object.keys(selectors);
  const found = Object.hasOwn(selectors, value) ? selectors[value] : undefined;
  if (found === undefined) {
    throw new UsageError("SELECTOR_UNKNOWN", `"${text}": no selector is named "${value}".${didYouMean(value, names)}`, {
      hint:
        names.length === 0
          ? 'Declare one in millrace.config.ts: selectors: { nightly: "tag:nightly+" }.'
          : `Selectors of millrace.config.ts: ${quoteList(names)}.`,
    });
  }
  if (path.includes(value)) {
    throw new UsageError(
      "SELECTOR_CYCLE",
      `Selectors refer to each other in a circle: ${[...path, value].join(" → ")}.`,
      {
        hint: "Fix `selectors` in millrace.config.ts.",
      },
    );
  }
  return parseGiven(found);
}

function union(sets: readonly ReadonlySet<GraphNode>[]): ReadonlySet<GraphNode> {
  return new Set(sets.flatMap((set) => [...set]));
}
