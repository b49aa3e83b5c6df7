import { createRequire } from "node:module";
import type * as Yaml from "yaml";
import { MillraceError } from "../../core/errors.ts";
import { cleanJson } from "./clean-value.ts";

export interface FrontMatter {
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly content: string;
}

const OPENING = /^---[ \t]*\r?\n/;
const CLOSING = /^(?:---|\.\.\.)[ \t]*(?:\r?\n|$)/gm;

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
  // A rule at the top of a page looks like front matter too; only a blank line after it tells them apart.
  const mayBeRule = /^[ \t]*\r?\n/.test(yaml);
  const metadata = parseYaml(yaml, mayBeRule);
  return metadata === undefined ? none : { metadata, content: text.slice(closing.index + closing[0].length) };
}

function parseYaml(yaml: string, mayBeRule: boolean): Record<string, unknown> | undefined {
  const problem = (what: string, line?: number) => {
    if (mayBeRule) return undefined;
    const where = line === undefined ? "" : ` (line ${line})`;
    throw new MillraceError("FRONT_MATTER_INVALID", `The front matter is not valid YAML: ${what}${where}.`, {
      hint: "Correct the lines between the first two --- lines.",
      details: line === undefined ? {} : { line },
    });
  };
  const parsed = parse(yaml);
  if (typeof parsed === "string") return problem(parsed);
  // The parser's own messages quote the document, so only its code and the line are passed on.
  const [error] = parsed.errors;
  if (error !== undefined) {
    const line = yaml.slice(0, error.pos[0]).split("\n").length + 1;
    return problem(error.code.toLowerCase().replaceAll("_", " "), line);
  }
  const { value } = parsed;
  if (value === null || value === undefined) return mayBeRule ? undefined : {};
  if (typeof value !== "object" || Array.isArray(value)) return problem("it has no keys");
  const metadata = cleanJson(value) as Record<string, unknown> | undefined;
  return metadata ?? problem("it is nested too deeply");
}

// Loaded when a document has some: it takes longer than everything else that a command loads.
const load = createRequire(import.meta.url);

function parse(yaml: string) {
  const { parseDocument } = load("yaml") as typeof Yaml;
  try {
    const document = parseDocument(yaml, { prettyErrors: false, logLevel: "silent" });
    return { errors: document.errors, value: document.errors.length > 0 ? undefined : (document.toJS() as unknown) };
  } catch {
    return "it is nested too deeply or its aliases cannot be resolved";
  }
}
