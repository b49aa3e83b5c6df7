import { resolve } from "node:path";
import { UsageError } from "../core/errors.ts";
import type { DocumentFilters } from "../model/context.ts";

/** A whole number above 0, as an option gives it. */
export function readCount(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const count = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(count) && count > 0) return count;
  throw new UsageError("OPTION_VALUE", `--${option} ${text}: expected a whole number above 0.`);
}

/** A sum of US dollars above 0, as an option gives it. */
export function readUsd(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const usd = Number(text.replace(/^\$/, ""));
  if (text.trim() !== "" && Number.isFinite(usd) && usd > 0) return usd;
  throw new UsageError("OPTION_VALUE", `--${option} ${text}: expected US dollars above 0, such as 2.50.`);
}

/** `--set a=1 --set b.c=2` as names and texts. */
export function readSettings(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair): [string, string] => {
      const [, name, value] = /^([^=]+)=(.*)$/s.exec(pair) ?? [];
      if (name !== undefined && value !== undefined) return [name, value];
      throw new UsageError("OPTION_VALUE", `--set ${pair}: expected parameter=value.`, {
        hint: "For example --set maxSectionChars=4000, or --set indexing.document_sections.maxSectionChars=4000 for one model.",
      });
    }),
  );
}

/** Paths and globs as typed are relative to where the user stands; a project reads them from its own folder. */
export function readPatterns(patterns: readonly string[]): readonly string[] {
  return patterns.map((pattern) => {
    if (/^https?:/.test(pattern)) return pattern;
    return pattern.startsWith("!") ? `!${resolve(pattern.slice(1))}` : resolve(pattern);
  });
}

/** Options that choose documents, the same for every command that does. */
export const filterArgs = {
  ids: { type: "string", valueHint: "id", description: "Only this document, by id, id prefix, path or URL" },
  "include-documents": { type: "string", valueHint: "glob", description: "Only documents whose path or URL matches" },
  "exclude-documents": {
    type: "string",
    valueHint: "glob",
    description: "Leave out documents whose path or URL matches",
  },
  status: { type: "string", valueHint: "status", description: "Only documents with this status: ready or failed" },
  "content-type": {
    type: "string",
    valueHint: "type",
    description: "Only documents of this content type, e.g. text/markdown",
  },
  limit: { type: "string", valueHint: "n", description: "At most this many documents" },
} as const;

export interface FilterInput {
  readonly args: { readonly [Name in keyof typeof filterArgs]?: string | undefined };
  readonly all: (option: "ids") => readonly string[];
  /** Values of the filters that the project declares. */
  readonly declared: Readonly<Record<string, string>>;
}

/** The document filters that a command line spells. */
export function readFilters({ args, all, declared }: FilterInput): DocumentFilters {
  const ids = all("ids");
  const limit = readCount("limit", args.limit);
  const given = Object.entries(FILTER_NAMES).flatMap(([option, name]) => {
    const value = args[option as keyof typeof FILTER_NAMES];
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    ...(ids.length === 0 ? {} : { ids }),
    ...Object.fromEntries(given),
    ...(limit === undefined ? {} : { limit }),
    ...declared,
  };
}

const FILTER_NAMES = {
  "include-documents": "includePattern",
  "exclude-documents": "excludePattern",
  status: "withStatus",
  "content-type": "withContentType",
} as const satisfies { readonly [Option in keyof typeof filterArgs]?: keyof DocumentFilters };
