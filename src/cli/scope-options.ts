import type { RunOptions } from "../run/run-options.ts";
import type { ArgSpecs, CommandInput } from "./define-command.ts";
import { filterArgs, readCount, readFilters, readPatterns, readSettings } from "./read-options.ts";
import { selectArgs, selectRepeatable } from "./select-options.ts";

/** What a run is about: the same options for the commands that start one and for the one that plans it. */
export const scopeArgs = {
  pipeline: {
    type: "positional",
    description: "Pipeline, namespace or model; by default the project's only pipeline, or all models",
  },
  ...selectArgs,
  documents: {
    type: "string",
    valueHint: "glob",
    description: "Documents to use instead of the configured ones",
  },
  ...filterArgs,
  "full-refresh": { type: "boolean", description: "Process everything in scope, changed or not" },
  sample: { type: "string", valueHint: "n", description: "Use a sample of n documents, the same ones every time" },
  set: { type: "string", valueHint: "k=v", description: "Set a model parameter for this run" },
  "allow-deletes": { type: "boolean", description: "Allow a sync that removes most of the documents" },
} as const satisfies ArgSpecs;

export const scopeRepeatable = ["documents", "ids", "set", ...selectRepeatable] as const;

export type RunScopeOptions = Pick<
  RunOptions,
  "filters" | "settings" | "sample" | "mode" | "documents" | "allowDeletes"
>;

type ScopeInput = CommandInput<typeof scopeArgs>;

/** What the options above spell. */
export function readScope(input: ScopeInput): RunScopeOptions {
  const { args, all } = input;
  const sample = readCount("sample", args.sample);
  const documents = all("documents");
  return {
    filters: readFilters(input),
    settings: readSettings(all("set")),
    ...(sample === undefined ? {} : { sample }),
    mode: args["full-refresh"] === true ? "full" : "delta",
    ...(documents.length === 0 ? {} : { documents: readPatterns(documents) }),
    allowDeletes: args["allow-deletes"] === true,
  };
}

/** The same words again, for a command to be typed next. */
export function wordsOfScope({ args, all, declared }: ScopeInput): readonly string[] {
  const options = (Object.keys(scopeArgs) as (keyof typeof scopeArgs)[]).filter((name) => name !== "pipeline");
  const given = options.flatMap((option) => {
    const values = isRepeatable(option) ? all(option) : [args[option]];
    return values.flatMap((value) => {
      if (typeof value === "string") return [`--${option}`, value];
      return value === true ? [`--${option}`] : [];
    });
  });
  const filters = Object.entries(declared).flatMap(([name, value]) => [`--${name}`, value]);
  return [...(args.pipeline === undefined ? [] : [args.pipeline]), ...given, ...filters];
}

const isRepeatable = (option: string): option is (typeof scopeRepeatable)[number] =>
  (scopeRepeatable as readonly string[]).includes(option);
