import type { Palette } from "../../display/output.ts";
import type { CommandNode } from "./command-tree.ts";
import { type ArgSpec, type ArgSpecs, type Command, spellingOf } from "../define-command.ts";

/** Help for the program or for a group of commands. */
export function renderGroupHelp(node: CommandNode, path: readonly string[], colors: Palette): string {
  const name = ["millrace", ...path].join(" ");
  const rows = Object.entries(node.children ?? {}).flatMap(
    ([child, { description, children, fallback }]): [string, string][] => {
      if (children === undefined) return [[child, description]];
      const names = Object.keys(children).join("|");
      return [[path.length > 0 ? child : `${child} ${fallback === undefined ? names : `[${names}]`}`, description]];
    },
  );
  const footer =
    path.length > 0
      ? [`\`${name} <command> --help\` shows the options of a command.`]
      : [
          colors.bold("Start"),
          `  ${colors.cyan("npx millrace init my-project")}`,
          `  ${colors.cyan("cd my-project && npm install && npx millrace run")}`,
          "",
          "`millrace <command> --help` shows the options of a command, `--version` prints the version.",
        ];
  return [
    node.description,
    "",
    `${colors.bold("Usage")}  ${name} <command> [options]`,
    "",
    colors.bold("Commands"),
    ...renderRows(rows, colors),
    "",
    ...footer,
  ].join("\n");
}

/** Help for one command: usage, arguments, options, examples. */
export function renderCommandHelp(
  command: Command,
  options: {
    readonly path: readonly string[];
    readonly description: string;
    readonly declared: ArgSpecs;
    readonly colors: Palette;
  },
): string {
  const { path, description, declared, colors } = options;
  const args = Object.entries(command.args);
  const positionals = args.filter(([, arg]) => arg.type === "positional");
  const usage = positionals.map(([name, arg]) => {
    const many = command.repeatable.includes(name) ? "…" : "";
    return "required" in arg && arg.required ? `<${name}>${many}` : `[${name}]${many}`;
  });
  const toRows = (specs: ArgSpecs) =>
    Object.entries(specs)
      .filter(([, arg]) => arg.type !== "positional")
      .map(([name, arg]): [string, string] => [renderFlag(name, arg), describe(name, arg, command)]);
  const section = (title: string, rows: readonly [string, string][]) =>
    rows.length === 0 ? [] : ["", colors.bold(title), ...renderRows(rows, colors)];
  return [
    description,
    "",
    [`${colors.bold("Usage")}  millrace`, ...path, ...usage, "[options]"].join(" "),
    ...section(
      "Arguments",
      positionals.map(([name, arg]) => [name, describe(name, arg, command)]),
    ),
    ...section("Options", toRows(command.args)),
    ...section("Document filters of this project", toRows(declared)),
    ...section(
      "Examples",
      command.examples.map(([example, purpose]) => [`millrace ${example}`, purpose]),
    ),
  ].join("\n");
}

function renderFlag(name: string, arg: ArgSpec): string {
  const short = "alias" in arg && arg.alias !== undefined ? `-${arg.alias}, ` : "    ";
  const flag = `${short}--${spellingOf(name, arg)}`;
  if (arg.type === "enum") return `${flag} <${arg.options.join("|")}>`;
  return arg.type === "string" ? `${flag} <${arg.valueHint ?? "value"}>` : flag;
}

function describe(name: string, arg: ArgSpec, command: Command): string {
  if (arg.type === "positional") return arg.description;
  const notes = [
    ...("required" in arg && arg.required ? ["required"] : []),
    ...(command.repeatable.includes(name) ? ["repeatable"] : []),
    ...("default" in arg && arg.default !== "." ? [`default: ${arg.default}`] : []),
  ];
  return notes.length === 0 ? arg.description : `${arg.description} (${notes.join(", ")})`;
}

function renderRows(rows: readonly (readonly [string, string])[], colors: Palette): readonly string[] {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, description]) => `  ${colors.cyan(name.padEnd(width))}  ${description}`);
}
