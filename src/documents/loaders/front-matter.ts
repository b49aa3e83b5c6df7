import { createRequire } from "node:module";
import type * as Yaml from "yaml";
import { MillraceError } from "../../core/errors.ts";
import { cleanJson } from "../record/clean-value.ts";

export interface FrontMatter {
  readonly metadata: Readonly<Record<string, unknown>>;
  /** The key `title` as it is written, whatever YAML takes it for. */
  readonly title?: string | undefined;
  readonly content: string;
}

const OPENING = /^---[ \t]*\r?\n/;
const CLOSING = /^(?:---|\.\.\.)[ \t]*(?:\r?\n|$)/gm;

// The parser takes time with the square of keys and of errors; what people write is far from these.
const MAX_LENGTH = 64 * 1024;
const MAX_LINES = 2_000;
const MAX_KEYS = 1_000;

/** Splits the YAML between leading `---` lines from the text; a text without it comes back as it is. */
export function splitFrontMatter(text: string): FrontMatter {
  const none = { metadata: {}, content: text };
  const opening = OPENING.exec(text);
  if (opening === null) return none;
  const start = opening[0].length;
  CLOSING.lastIndex = start;
  const closing = CLOSING.exec(text);
  if (closing === null) return none;
  const yaml = text.slice(start, closing.index);
  try {
    return { ...readYaml(yaml), content: text.slice(closing.index + closing[0].length) };
  } catch (error) {
    // A horizontal rule at the top of a page looks like front matter; only a blank line after it distinguishes them.
    if (error instanceof MillraceError && mayBeRule(yaml)) return none;
    throw error;
  }
}

const mayBeRule = (yaml: string) => /^[ \t]*\r?\n/.test(yaml);

function readYaml(yaml: string): Pick<FrontMatter, "metadata" | "title"> {
  if (yaml.length > MAX_LENGTH) throw invalid(`it is larger than ${MAX_LENGTH / 1024} kB`);
  if (countLines(yaml) > MAX_LINES) throw invalid(`it has more than ${MAX_LINES.toLocaleString("en-US")} lines`);
  if (yaml.split(/[[{]/).length > MAX_KEYS) throw invalid(`it has more than ${MAX_KEYS.toLocaleString("en-US")} lists`);
  const { document, value } = parse(yaml);
  if (value === null || value === undefined) {
    if (mayBeRule(yaml)) throw invalid("it has no keys");
    return { metadata: {} };
  }
  if (typeof value !== "object" || Array.isArray(value)) throw invalid("it has no keys");
  const metadata = cleanJson(value) as Record<string, unknown> | undefined;
  if (metadata === undefined) throw invalid("it is nested too deeply");
  return { metadata, title: writtenTitle(document, metadata["title"]) };
}

// Loaded when a document has some: it takes longer than everything else that a command loads.
const load = createRequire(import.meta.url);
const loadYaml = () => load("yaml") as typeof Yaml;

function parse(yaml: string): { readonly document: Yaml.Document.Parsed; readonly value: unknown } {
  const document = parseDocument(yaml);
  // The parser's own messages quote the document, so only its code and the line are passed on.
  const [error] = document.errors;
  if (error !== undefined) throw invalid(error.code.toLowerCase().replaceAll("_", " "), lineAt(yaml, error.pos[0]));
  try {
    checkKeys(document, yaml);
    return { document, value: document.toJS() as unknown };
  } catch (thrown) {
    if (thrown instanceof MillraceError) throw thrown;
    throw invalid(thrown instanceof RangeError ? "it is nested too deeply" : "its aliases cannot be resolved");
  }
}

function parseDocument(yaml: string): Yaml.Document.Parsed {
  try {
    // Keys are compared below: the parser compares each with each.
    const options = { prettyErrors: false, logLevel: "silent", uniqueKeys: false } as const;
    return loadYaml().parseDocument(yaml, { ...options, customTags: keepSpelling });
  } catch {
    throw invalid("it is nested too deeply");
  }
}

/** Numbers that JavaScript would write otherwise stay text: 1.10, 007, 0x1F, 12345678901234567891. */
function keepSpelling(tags: Yaml.Tags): Yaml.Tags {
  return tags.map((tag) => {
    if (typeof tag !== "object" || !/:(?:int|float)$/.test(tag.tag)) return tag;
    const scalar = tag as Yaml.ScalarTag;
    const resolve: Yaml.ScalarTag["resolve"] = (text, onError, options) => {
      const value = scalar.resolve(text, onError, options);
      return String(value) === text ? value : text;
    };
    return { ...scalar, resolve };
  });
}

function checkKeys(document: Yaml.Document.Parsed, yaml: string): void {
  const { isScalar, visit } = loadYaml();
  let keys = 0;
  visit(document, {
    Map(_, { items }) {
      keys += items.length;
      if (keys > MAX_KEYS) throw invalid(`it has more than ${MAX_KEYS.toLocaleString("en-US")} keys`);
      const known = new Set<unknown>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        if (known.has(key.value)) throw invalid("duplicate key", lineAt(yaml, key.range?.[0] ?? 0));
        known.add(key.value);
      }
    },
  });
}

function writtenTitle(document: Yaml.Document.Parsed, value: unknown): string | undefined {
  if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean") return undefined;
  const node: unknown = document.get("title", true);
  const { isScalar } = loadYaml();
  return isScalar(node) && node.source !== undefined ? node.source : String(value);
}

const countLines = (text: string) => text.split("\n").length;
// The opening line is the first.
const lineAt = (yaml: string, offset: number) => countLines(yaml.slice(0, offset)) + 1;

function invalid(what: string, line?: number): MillraceError {
  const where = line === undefined ? "" : ` (line ${line})`;
  return new MillraceError("FRONT_MATTER_INVALID", `The front matter is not valid YAML: ${what}${where}.`, {
    hint: "Correct the lines between the first two --- lines.",
    details: line === undefined ? {} : { line },
  });
}
