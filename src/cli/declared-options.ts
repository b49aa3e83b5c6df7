import { resolve } from "node:path";
import { MillraceError, UsageError } from "../core/errors.ts";
import { type ArgSpecs, type Command, spellingOf } from "./define-command.ts";

/** The options that a project declares for a command, beside its own; a folder without a project declares none. */
export async function loadDeclaredOptions(command: Command, project: string): Promise<ArgSpecs> {
  const declared = (await command.declared?.(project).catch(withoutProject)) ?? {};
  const own = new Set(Object.entries(command.args).map(([option, spec]) => spellingOf(option, spec)));
  const taken = Object.keys(declared).find((name) => own.has(name));
  if (taken === undefined) return declared;
  throw new UsageError("CONFIG_INVALID", `Document filter "${taken}" has the name of an option, --${taken}.`, {
    hint: "Give it another name in `documentFilters` of millrace.config.ts.",
  });
}

function withoutProject(error: unknown): ArgSpecs {
  if (error instanceof MillraceError && error.code === "PROJECT_NOT_FOUND") return {};
  throw error;
}

/** The document filters of a project as options. */
export async function declaredFilterArgs(project: string): Promise<ArgSpecs> {
  const { loadConfigFile } = await import("../model/load/load-files.ts");
  const { documentFilters } = await loadConfigFile(resolve(project));
  return Object.fromEntries(
    Object.entries(documentFilters).map(([name, { description, valueHint }]) => [
      name,
      {
        type: "string",
        description: description ?? `Only documents that \`${name}\` of the config lets pass`,
        ...(valueHint === undefined ? {} : { valueHint }),
      },
    ]),
  );
}
