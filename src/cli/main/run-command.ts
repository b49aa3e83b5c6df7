import { parseArgs } from "node:util";
import { createPalette, widthOf } from "../../display/output.ts";
import { type FoundCommand, findCommand } from "./command-tree.ts";
import type { ArgSpecs, Command, ExitCode } from "../define-command.ts";

/** Runs a command line and returns its exit code. The only place of the command line that catches. */
export async function runCommand(rawArgs: readonly string[]): Promise<ExitCode> {
  try {
    return await dispatch(rawArgs);
  } catch (error) {
    await reportError(error, rawArgs);
    return exitCodeOf(error);
  }
}

async function dispatch(rawArgs: readonly string[]): Promise<ExitCode> {
  if (rawArgs[0] === "--version" || rawArgs[0] === "-v") {
    const { readVersion } = await import("../../core/read-version.ts");
    process.stdout.write(`${await readVersion()}\n`);
    return 0;
  }
  const found = findCommand(rawArgs);
  const words = rawArgs.includes("--") ? rawArgs.slice(0, rawArgs.indexOf("--")) : rawArgs;
  const wantsHelp = words.includes("--help") || words.includes("-h");
  const { node, path, rest } = found;
  if (node.load === undefined || found.unknown !== undefined) return showGroup(found, wantsHelp);
  const { default: command } = await node.load();
  if (wantsHelp || words.includes("--json")) keepOutputClean();
  const project = projectOf(words) ?? ".";
  if (wantsHelp) {
    const { renderCommandHelp } = await import("./render-help.ts");
    const colors = createPalette(process.stdout);
    const declared = await declaredForHelp(command, project);
    process.stdout.write(`${renderCommandHelp(command, { path, description: node.description, declared, colors })}\n`);
    return 0;
  }
  const { isEveryOptionOwn, parseArguments } = await import("./parse-arguments.ts");
  const declared = isEveryOptionOwn(rest, command) ? {} : await declaredOptions(command, project);
  return (await command.run(parseArguments(rest, command, { name: path.join(" "), declared }))) ?? 0;
}

async function declaredOptions(command: Command, project: string): Promise<ArgSpecs> {
  if (command.declared === undefined) return {};
  const { loadDeclaredOptions } = await import("../declared-options.ts");
  return loadDeclaredOptions(command, project);
}

// Help must also work when the project cannot be loaded.
async function declaredForHelp(command: Command, project: string): Promise<ArgSpecs> {
  try {
    return await declaredOptions(command, project);
  } catch (error) {
    const { errorToJson } = await import("../../core/errors.ts");
    const colors = createPalette(process.stderr);
    const reason = errorToJson(error).message;
    process.stderr.write(`${colors.yellow("warning")} The filters of this project are not listed: ${reason}\n`);
    return {};
  }
}

async function showGroup({ node, path, rest, unknown }: FoundCommand, wantsHelp: boolean): Promise<ExitCode> {
  const [first] = rest;
  if (!wantsHelp && (unknown !== undefined || first !== undefined)) {
    const [{ UsageError }, { didYouMean }] = await Promise.all([
      import("../../core/errors.ts"),
      import("../../core/text.ts"),
    ]);
    const name = ["millrace", ...path].join(" ");
    const known = Object.keys(node.children ?? {});
    throw unknown === undefined
      ? new UsageError("OPTION_UNKNOWN", `\`${name}\` has no option ${first ?? ""}.`, {
          hint: "Options come after the command.",
        })
      : new UsageError("COMMAND_UNKNOWN", `\`${name}\` has no command "${unknown}".${didYouMean(unknown, known)}`, {
          hint: `Commands: ${known.join(", ")}.`,
        });
  }
  const { renderGroupHelp } = await import("./render-help.ts");
  const isAsked = wantsHelp || path.length === 0;
  const output = isAsked ? process.stdout : process.stderr;
  output.write(`${renderGroupHelp(node, path, createPalette(output))}\n`);
  return isAsked ? 0 : 2;
}

/** Says on standard error what went wrong. */
export async function reportError(error: unknown, rawArgs: readonly string[]): Promise<void> {
  if (rawArgs.includes("--json")) {
    const { errorToJson } = await import("../../core/errors.ts");
    process.stderr.write(`${JSON.stringify({ error: errorToJson(error) })}\n`);
    return;
  }
  const { renderError } = await import("../../display/render-error.ts");
  const { createCommandLine } = await import("../command-line.ts");
  const lines = renderError(error, {
    colors: createPalette(process.stderr),
    width: widthOf(process.stderr),
    isVerbose: rawArgs.includes("--verbose"),
    command: createCommandLine({ project: projectOf(rawArgs) }),
  });
  process.stderr.write(`${lines.join("\n")}\n`);
}

// What went wrong may be the command line itself, so nothing but this one option is asked of it.
function projectOf(rawArgs: readonly string[]): string | undefined {
  const options = { project: { type: "string", short: "p" } } as const;
  const { project } = parseArgs({ args: [...rawArgs], options, strict: false }).values;
  return typeof project === "string" ? project : undefined;
}

async function exitCodeOf(error: unknown): Promise<ExitCode> {
  const { IssuesError, UsageError } = await import("../../core/errors.ts");
  return error instanceof UsageError || error instanceof IssuesError ? 2 : 1;
}

// Project files may print while they are loaded or run; with --json or --help standard output belongs to the answer.
function keepOutputClean(): void {
  const { error } = console;
  Object.assign(console, { log: error, info: error, debug: error });
}
