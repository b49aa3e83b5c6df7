import { didYouMean } from "../core/text.ts";
import { invalidSelector, type SelectorMethod, selectorMethods, type Term } from "./selector-methods.ts";

/** One word of a selector: what it names, and how far it reaches from there. */
export interface Criterion extends Term {
  /** Without one, the form of the value decides between name, path and file. */
  readonly method: SelectorMethod;
  /** How many steps up and down; undefined means none, Infinity all. */
  readonly parents: number | undefined;
  readonly children: number | undefined;
  /** Everything below, and everything those read. */
  readonly childrensParents: boolean;
}

/** Alternatives; all criteria of an alternative must hold. */
export type Selector = readonly (readonly Criterion[])[];

const SHAPE =
  /^(?<at>@)?(?:(?<up>\d*)\+)?(?:(?<method>[a-z_]+)(?:\.(?<member>[\w.]+))?:)?(?<value>.*?)(?:\+(?<down>\d*))?$/;
const MODEL_FILE = /\.[mc]?[jt]s$/;

/** Reads dbt's grammar: spaces join, commas intersect, `+` and `@` follow the graph. */
export function parseSelector(text: string): Selector {
  return text
    .split(/\s+/)
    .filter((word) => word !== "")
    .map((word) => word.split(",").map((criterion) => parseCriterion(criterion, word)));
}

function parseCriterion(text: string, word: string): Criterion {
  const { at, up, method, member, value = "", down } = SHAPE.exec(text)?.groups ?? {};
  if (text === "") throw invalidSelector(word, "one side of a comma is empty");
  if (value === "") throw invalidSelector(word, `"${text}" has no name`);
  if (at !== undefined && down !== undefined) {
    throw invalidSelector(word, `"@" already includes everything below, so "+" cannot follow "${text.slice(0, -1)}"`);
  }
  if (at !== undefined && up !== undefined)
    throw invalidSelector(word, `a name cannot have both "@" and "+" before it`);
  if (/[+@]/.test(value)) throw invalidSelector(word, `"+" and "@" go before or after "${text}", not inside it`);
  return {
    text,
    method: method === undefined ? defaultMethod(value) : checkMethod(method, word),
    member,
    value,
    parents: readDepth(up),
    children: readDepth(down),
    childrensParents: at !== undefined,
  };
}

function defaultMethod(value: string): SelectorMethod {
  if (value.includes("/")) return "path";
  return MODEL_FILE.test(value) ? "file" : "fqn";
}

function checkMethod(method: string, word: string): SelectorMethod {
  const known = selectorMethods.find((each) => each === method);
  if (known !== undefined) return known;
  throw invalidSelector(word, `there is no method "${method}:".${didYouMean(method, selectorMethods)}`);
}

function readDepth(steps: string | undefined): number | undefined {
  if (steps === undefined) return undefined;
  return steps === "" ? Number.POSITIVE_INFINITY : Number(steps);
}
