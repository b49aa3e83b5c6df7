import picomatch from "picomatch";
import { UsageError } from "../core/errors.ts";
import { didYouMean, quoteList } from "../core/text.ts";
import type { GraphNode } from "./node-graph.ts";
import { hasWildcards, matchesWildcards } from "./wildcards.ts";

/** How a model differs from what it is compared with. */
export type ModelChange = "new" | "body" | "configs" | "relation";

/** What is known about models beyond their declarations. */
export interface NodeFacts {
  /** The file a model is declared in, relative to the project. */
  readonly fileOf: (model: string) => string | undefined;
  /** Unchanged models are left out or have no changes. */
  readonly changes?: ReadonlyMap<string, ReadonlySet<ModelChange>> | undefined;
  /** As run results call them, several where tests of a model have results too. */
  readonly results?: ReadonlyMap<string, readonly string[]> | undefined;
}

/** What one term of a selector asks for, without how far it reaches from there. */
export interface Term {
  /** As the user wrote it, for messages. */
  readonly text: string;
  /** What follows a dot of the method: `config.materialized:view`. */
  readonly member: string | undefined;
  readonly value: string;
}

export interface SelectionContext extends NodeFacts {
  readonly nodes: readonly GraphNode[];
  /** The nodes of a selector that the config names. */
  readonly selectNamed: (term: Term) => Iterable<GraphNode>;
}

interface Method {
  /** The nodes that a term names. */
  readonly select: (term: Term, context: SelectionContext) => Iterable<GraphNode>;
  /** Values that name something, to suggest from when a term names nothing. */
  readonly names: (context: SelectionContext, term: Term) => readonly string[];
  /** What must be looked up first, in the database or in files of earlier runs. */
  readonly needs?: "changes" | "results";
}

const STATES = ["new", "old", "modified", "unmodified", "modified.body", "modified.configs", "modified.relation"];
const RESULTS = ["success", "error", "skipped", "partial", "cancelled", "pass", "fail", "warn"];
const RESULT_ALIASES: Readonly<Record<string, string>> = { succeeded: "success", failed: "error" };

/** What comes before the colon of a term. An entry here is all there is to a method. */
const SELECTOR_METHODS = {
  config: {
    select: (term, { nodes }) => {
      const path = settingPath(term);
      return nodes.filter((node) => settingsAt(path, node).some((setting) => matchesWildcards(term.value, setting)));
    },
    names: ({ nodes }, term) => nodes.flatMap((node) => settingsAt(settingPath(term), node)),
  },
  exposure: ofType("exposure"),
  file: {
    select: ({ value }, { nodes, fileOf }) =>
      nodes.filter((node) => {
        const file = fileNameOf(node, fileOf) ?? "";
        return matchesWildcards(value, file) || matchesWildcards(value, file.replace(/\.[^.]+$/, ""));
      }),
    names: ({ nodes, fileOf }) => nodes.flatMap((node) => fileNameOf(node, fileOf) ?? []),
  },
  fqn: {
    select: ({ value }, { nodes }) => selectByName(value, nodes),
    names: ({ nodes }) => nodes.filter(isModel).flatMap(({ name }) => [name, shortName(name)]),
  },
  namespace: {
    select: ({ value }, { nodes }) =>
      nodes.filter((node) => isModel(node) && node.name.includes(".") && matchesParts(value, parentOf(node.name))),
    names: ({ nodes }) => nodes.flatMap(({ name }) => (name.includes(".") ? [parentOf(name)] : [])),
  },
  owner: {
    select: ({ value }, { nodes }) =>
      nodes.filter((node) => isModel(node) && matchesWildcards(value, node.resolved.model.owner ?? "")),
    names: ({ nodes }) => nodes.filter(isModel).flatMap(({ resolved }) => resolved.model.owner ?? []),
  },
  path: {
    select: ({ value }, { nodes, fileOf }) => selectByPath(value, nodes, fileOf),
    names: ({ nodes, fileOf }) => nodes.flatMap((node) => filePathOf(node, fileOf) ?? []),
  },
  resource_type: oneOf("resource_type", ["model", "source", "exposure"], (type) => (node) => node.type === type),
  result: {
    ...oneOf("result", [...RESULTS, ...Object.keys(RESULT_ALIASES)], (result, { results }) => (node) => {
      return isModel(node) && results?.get(node.name)?.includes(RESULT_ALIASES[result] ?? result) === true;
    }),
    needs: "results",
  },
  selector: { select: (term, { selectNamed }) => selectNamed(term), names: () => [] },
  source: ofType("source"),
  state: {
    ...oneOf("state", STATES, (state, { changes }) => (node) => {
      return isModel(node) && changes !== undefined && isInState(state, changes.get(node.name) ?? new Set());
    }),
    needs: "changes",
  },
  tag: {
    select: ({ value }, { nodes }) => nodes.filter((node) => tagsOf(node).some((tag) => matchesWildcards(value, tag))),
    names: ({ nodes }) => nodes.flatMap(tagsOf),
  },
} satisfies Readonly<Record<string, Method>>;

export type SelectorMethod = keyof typeof SELECTOR_METHODS;

export const selectorMethods = Object.keys(SELECTOR_METHODS) as readonly SelectorMethod[];

/** What a method is, by its name. */
export function methodNamed(name: SelectorMethod): Method {
  return SELECTOR_METHODS[name];
}

/** The error for a selector without a value to look for. */
export function invalidSelector(selector: string, reason: string): UsageError {
  return new UsageError(
    "SELECTOR_INVALID",
    `Invalid selector "${selector}": ${reason}${/[.?]$/.test(reason) ? "" : "."}`,
    {
      hint: `For example: sections, +sections, sections+1, tag:nightly, path:models/raw, "tag:a,tag:b". Methods: ${selectorMethods.join(", ")}.`,
    },
  );
}

/** Sources or exposures, by their names. */
function ofType(type: GraphNode["type"]): Method {
  return {
    select: ({ value }, { nodes }) => nodes.filter((node) => node.type === type && matchesWildcards(value, node.name)),
    names: ({ nodes }) => nodes.flatMap((node) => (node.type === type ? [node.name] : [])),
  };
}

/** A method with a fixed list of values. Any other value is an error that lists them, so it needs no suggestions. */
function oneOf(
  method: string,
  known: readonly string[],
  createTest: (value: string, context: SelectionContext) => (node: GraphNode) => boolean,
): Method {
  return {
    select: ({ value, text }, context) => {
      if (known.includes(value)) return context.nodes.filter(createTest(value, context));
      const reason = `"${method}:" takes one of ${known.join(", ")}, not "${value}".${didYouMean(value, known)}`;
      throw invalidSelector(text, reason);
    },
    names: () => [],
  };
}

/** A full name, a short name that only one model has, a namespace, or wildcards for one of these. */
function selectByName(value: string, nodes: readonly GraphNode[]): readonly GraphNode[] {
  const models = nodes.filter(isModel);
  if (hasWildcards(value)) {
    return models.filter(({ name }) => matchesWildcards(value, shortName(name)) || matchesParts(value, name));
  }
  const exact = models.filter(({ name }) => name === value);
  if (exact.length > 0) return exact;
  const short = models.filter(({ name }) => shortName(name) === value);
  if (short.length > 1) throw ambiguous(value, short);
  return short.length === 1 ? short : models.filter(({ name }) => name.startsWith(`${value}.`));
}

function ambiguous(value: string, models: readonly GraphNode[]): UsageError {
  const names = models.map(({ name }) => name).toSorted();
  return new UsageError(
    "SELECTOR_AMBIGUOUS",
    `"${value}" is the name of ${names.length} models: ${quoteList(names)}.`,
    {
      hint: `Write the namespace too: "${names[0]}", or "*.${value}" for all of them.`,
    },
  );
}

function selectByPath(value: string, nodes: readonly GraphNode[], fileOf: NodeFacts["fileOf"]): readonly GraphNode[] {
  const wanted = value.replace(/^(\.\/)+/, "").replace(/\/+$/, "");
  const isMatch = picomatch([wanted, `${wanted}/**`], { dot: true });
  return nodes.filter((node) => {
    const file = filePathOf(node, fileOf);
    return file !== undefined && (file === wanted || isMatch(file));
  });
}

function settingPath({ member, text }: Term): readonly string[] {
  if (member === undefined) throw invalidSelector(text, "name a setting, as in config.materialized:view");
  return member.split(".");
}

/** The values of a model's setting as texts: one, or those of a list. */
function settingsAt([first = "", ...path]: readonly string[], node: GraphNode): readonly string[] {
  if (!isModel(node)) return [];
  const found = path.reduce<unknown>(memberOf, settingsOf(node.resolved.model)[first]);
  const values: readonly unknown[] = Array.isArray(found) ? found : [found];
  return values.filter(isScalar).map(String);
}

function settingsOf(model: ModelNode["resolved"]["model"]): Record<string, unknown> {
  const { materialized, tags, meta, owner, writeStrategy, form, onChange } = model;
  return { materialized, tags, meta, owner, form, writeStrategy, onChange, write_strategy: writeStrategy };
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

const isScalar = (value: unknown) => ["string", "number", "boolean"].includes(typeof value);

function isInState(state: string, changes: ReadonlySet<string>): boolean {
  const [wanted, part] = state.split(".");
  if (part !== undefined) return changes.has("new") || changes.has(part);
  if (wanted === "new") return changes.has("new");
  if (wanted === "old") return !changes.has("new");
  return wanted === "modified" ? changes.size > 0 : changes.size === 0;
}

// Part by part from the left, as dbt compares qualified names; what comes below a match belongs to it.
function matchesParts(pattern: string, name: string): boolean {
  const parts = name.split(".");
  const wanted = pattern.split(".");
  return wanted.length <= parts.length && wanted.every((part, index) => matchesWildcards(part, parts[index] ?? ""));
}

function tagsOf(node: GraphNode): readonly string[] {
  if (isModel(node)) return node.resolved.model.tags;
  return node.type === "exposure" ? node.exposure.tags : [];
}

function filePathOf(node: GraphNode, fileOf: NodeFacts["fileOf"]): string | undefined {
  return isModel(node) ? fileOf(node.name) : undefined;
}

function fileNameOf(node: GraphNode, fileOf: NodeFacts["fileOf"]): string | undefined {
  return filePathOf(node, fileOf)?.split(/[/\\]/).at(-1);
}

type ModelNode = Extract<GraphNode, { type: "model" }>;

function isModel(node: GraphNode): node is ModelNode {
  return node.type === "model";
}

const shortName = (name: string) => name.slice(name.lastIndexOf(".") + 1);
const parentOf = (name: string) => name.slice(0, Math.max(0, name.lastIndexOf(".")));
