import { createPalette } from "../display/output.ts";
import { definePipeline, type Pipeline } from "../model/pipeline.ts";
import type { ArgSpecs } from "./define-command.ts";
import type { Project } from "../project/project.ts";

/** Options that choose models, the same for every command that does. */
export const selectArgs = {
  select: {
    type: "string",
    alias: "s",
    valueHint: "selector",
    description: "Models to include: name, +name+, tag:, path:, source:, state:, …",
  },
  exclude: { type: "string", valueHint: "selector", description: "Models to leave out" },
  state: {
    type: "string",
    valueHint: "dir",
    description: "Folder of artifacts that state: and result: compare with, instead of the database",
  },
} as const satisfies ArgSpecs;

/** Options of these that take several words, and may be given several times. */
export const selectRepeatable = ["select", "exclude"] as const;

export interface SelectInput {
  readonly args: { readonly pipeline?: string | undefined; readonly state?: string | undefined };
  readonly all: (option: (typeof selectRepeatable)[number]) => readonly string[];
}

/**
 * The models that a command line means by its pipeline, `--select` and `--exclude`, upstreams first; there may be none.
 * What matches nothing is said to standard error.
 */
export async function choosePipeline(project: Project, { args, all }: SelectInput): Promise<Pipeline> {
  const select = all("select");
  const exclude = all("exclude");
  const { pipeline: target, state } = args;
  // Selectors look at the whole project, unless a pipeline is named; `--exclude` does not change that.
  const base = target === undefined && select.length > 0 ? undefined : project.resolvePipeline(target);
  if (base !== undefined && select.length === 0 && exclude.length === 0 && state === undefined) {
    return base;
  }
  const { selectInProject } = await import("../dbt/select-in-project.ts");
  const names = await selectInProject(project, { select, exclude, state, onWarning: printWarning });
  const within = base?.models.map((model) => (typeof model === "string" ? model : model.name));
  const models = names.filter((name) => within?.includes(name) !== false);
  const name = [...(target === undefined ? [] : [target]), ...select, ...exclude.map((each) => `not ${each}`)].join(
    " ",
  );
  const stopOnError = base?.stopOnError;
  return definePipeline({ name, models, ...(stopOnError === undefined ? {} : { stopOnError }) });
}

/** The same for commands that only look; without a name and selectors it is all models. */
export async function chooseListed(project: Project, input: SelectInput): Promise<Pipeline | undefined> {
  const { args, all } = input;
  const isAll =
    args.pipeline === undefined &&
    args.state === undefined &&
    selectRepeatable.every((option) => all(option).length === 0);
  return isAll ? undefined : choosePipeline(project, input);
}

/** To standard error, so that it never mixes with data. */
export function printWarning(message: string): void {
  process.stderr.write(`${createPalette(process.stderr).yellow("warning")} ${message}\n`);
}
