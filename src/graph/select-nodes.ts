import picomatch from "picomatch";
import { didYouMean, quoteList } from "../core/text.ts";
import { UsageError } from "../core/errors.ts";
import type { GraphNode } from "./node-graph.ts";
import { type Criterion, malformed } from "./parse-selector.ts";
import { hasWildcards, matchesWildcards } from "./wildcards.ts";

/** How a model differs from what it is compared with. */
export type ModelChange = "new" | "body" | "configs" | "relation";

/** What is known of models beyond their declarations. */
export interface NodeFacts {
  /** The file a model is declared in, relative to the project. */
  readonly fileOf: (model: string) => string | undefined;
  /** For `state:`; models that are as they were are left out or have none. */
  readonly changes?: ReadonlyMap<string, ReadonlySet<ModelChange>> | undefined;
  /** For `result:`; as run results call them, several where tests of a model have results too. */
  readonly results?: ReadonlyMap<string, readonly string[]> | undefined;
}

type Test = (node: GraphNode) => boolean;

const STATES = ["new", "old", "modified", "unmodified", "modified.body", "modified.configs", "modified.relation"];
const RESULTS = ["success", "error", "skipped", "partial", "cancelled", "pass", "fail", "warn"];
const RESULT_ALIASES: Readonly<Record<string, string>> = { succeeded: "success", failed: "error" };

/** The nodes that a criterion names, before it reaches up or down. */
export function selectNodes(criterion: Criterion, nodes: readonly GraphNode[], facts: NodeFacts): readonly GraphNode[] {
  const { method, value } = criterion;
  if (method === "fqn") return selectByName(value, nodes);
  return nodes.filter(createTest(criterion, facts));
}

function createTest(criterion: Criterion, facts: NodeFacts): Test {
  const { method, value } = criterion;
  switch (method) {
    case "tag":
      return (node) => tagsOf(node).some((tag) => matchesWildcards(value, tag));
    case "owner":
      return (node) => node.type === "model" && matchesWildcards(value, node.resolved.model.owner ?? "");
    case "namespace":
      return ({ type, name }) => type === "model" && name.includes(".") && matchesParts(value, parentOf(name));
    case "source":
      return ({ type, name }) => type === "source" && matchesWildcards(value, name);
    case "exposure":
      return ({ type, name }) => type === "exposure" && matchesWildcards(value, name);
    case "resource_type":
      return ofType(checkValue(criterion, ["model", "source", "exposure"]));
    case "path":
      return byPath(value, facts);
    case "file":
      return byFile(value, facts);
    case "config":
      return byConfig(criterion);
    case "state":
      return byState(checkValue(criterion, STATES), facts);
    default:
      return byResult(checkValue(criterion, [...RESULTS, ...Object.keys(RESULT_ALIASES)]), facts);
  }
}

/** A full name, a short name that only one model has, a namespace, or wildcards for one of these. */
function selectByName(value: string, nodes: readonly GraphNode[]): readonly GraphNode[] {
  const models = nodes.filter(({ type }) => type === "model");
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

function ofType(type: string): Test {
  return (node) => node.type === type;
}

function byPath(value: string, { fileOf }: NodeFacts): Test {
  const wanted = value.replace(/^(\.\/)+/, "").replace(/\/+$/, "");
  const isMatch = picomatch([wanted, `${wanted}/**`], { dot: true });
  return ({ type, name }) => {
    const file = type === "model" ? fileOf(name) : undefined;
    return file !== undefined && (file === wanted || isMatch(file));
  };
}

function byFile(value: string, { fileOf }: NodeFacts): Test {
  return ({ type, name }) => {
    const file = (type === "model" ? fileOf(name) : undefined)?.split(/[/\\]/).at(-1) ?? "";
    return matchesWildcards(value, file) || matchesWildcards(value, file.replace(/\.[^.]+$/, ""));
  };
}

function byConfig(criterion: Criterion): Test {
  const { member, value } = criterion;
  const [first, ...path] = (member ?? "").split(".");
  if (first === undefined || first === "")
    throw malformed(criterion.text, "say which setting: config.materialized:view");
  return (node) => {
    if (node.type !== "model") return false;
    const found = path.reduce<unknown>(memberOf, settingsOf(node.resolved.model)[first]);
    const values: readonly unknown[] = Array.isArray(found) ? found : [found];
    return values.some((each) => isScalar(each) && matchesWildcards(value, String(each)));
  };
}

function settingsOf(model: Extract<GraphNode, { type: "model" }>["resolved"]["model"]): Record<string, unknown> {
  const { materialized, tags, meta, owner, writeStrategy, form, onChange } = model;
  return { materialized, tags, meta, owner, form, writeStrategy, onChange, write_strategy: writeStrategy };
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

const isScalar = (value: unknown) => ["string", "number", "boolean"].includes(typeof value);

function byState(state: string, { changes }: NodeFacts): Test {
  const [wanted, part] = state.split(".");
  return ({ type, name }) => {
    if (type !== "model" || changes === undefined) return false;
    const found = changes.get(name) ?? new Set<string>();
    if (part !== undefined) return found.has("new") || ([...found] as string[]).includes(part);
    if (wanted === "new") return found.has("new");
    if (wanted === "old") return !found.has("new");
    return wanted === "modified" ? found.size > 0 : found.size === 0;
  };
}

function byResult(result: string, { results }: NodeFacts): Test {
  const wanted = RESULT_ALIASES[result] ?? result;
  return ({ type, name }) => type === "model" && results?.get(name)?.includes(wanted) === true;
}

function checkValue({ method, value, text }: Criterion, known: readonly string[]): string {
  if (known.includes(value)) return value;
  throw malformed(text, `"${method}:" takes one of ${known.join(", ")}, not "${value}".${didYouMean(value, known)}`);
}

// Part by part from the left, as dbt compares qualified names; what comes below a match belongs to it.
function matchesParts(pattern: string, name: string): boolean {
  const parts = name.split(".");
  const wanted = pattern.split(".");
  return wanted.length <= parts.length && wanted.every((part, index) => matchesWildcards(part, parts[index] ?? ""));
}

function tagsOf(node: GraphNode): readonly string[] {
  if (node.type === "model") return node.resolved.model.tags;
  return node.type === "exposure" ? node.exposure.tags : [];
}

const shortName = (name: string) => name.slice(name.lastIndexOf(".") + 1);
const parentOf = (name: string) => name.slice(0, Math.max(0, name.lastIndexOf(".")));
