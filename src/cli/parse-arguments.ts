import { parseArgs as readTokens } from "node:util";
import { type ArgDef, type ArgsDef, parseArgs } from "citty";
import { UsageError } from "../core/errors.ts";
import { didYouMean } from "../core/text.ts";
import type { Command, CommandInput } from "./define-command.ts";

/** Reads the arguments of a command. Whatever the command does not know is an error, with the nearest name. */
export function parseArguments(given: readonly string[], command: Command, name: string): CommandInput<ArgsDef> {
  const rawArgs = spreadWords(given, command);
  const help = `\`millrace ${name} --help\` shows the options.`;
  const values = checkOptions(rawArgs, command, name, help);
  const args = parseArgs([...rawArgs], withOptionalPositionals(command.args));
  checkPositionals(args._, command, name, help);
  return { args, all: (option) => values.get(option) ?? [] };
}

// `--select a b` means both, as with dbt: words that follow belong to the option until the next one.
function spreadWords(given: readonly string[], command: Command): readonly string[] {
  const options = new Map<string, string>(
    command.variadic.flatMap((option) => {
      const short = shortOf(command.args[option] ?? { type: "string" }).short;
      return [[`--${option}`, option] as const, ...(short === undefined ? [] : [[`-${short}`, option] as const])];
    }),
  );
  let current: string | undefined;
  let isValue = false;
  let isOver = false;
  return given.map((word) => {
    isOver ||= word === "--";
    const isOption = !isOver && word.startsWith("-");
    if (isOption || isOver) {
      current = isOver ? undefined : options.get(word.replace(/=.*$/s, ""));
      isValue = current !== undefined && !word.includes("=");
      return word;
    }
    if (current === undefined) return word;
    if (!isValue) return `--${current}=${word}`;
    isValue = false;
    return word;
  });
}

function checkOptions(
  rawArgs: readonly string[],
  command: Command,
  name: string,
  help: string,
): ReadonlyMap<string, readonly string[]> {
  const known = Object.entries<ArgDef>(command.args).filter(([, arg]) => arg.type !== "positional");
  const options = Object.fromEntries(
    known.map(([option, arg]) => [
      option,
      { type: arg.type === "boolean" ? "boolean" : "string", ...shortOf(arg) } as const,
    ]),
  );
  const values = new Map<string, string[]>();
  for (const token of readTokens({ args: [...rawArgs], options, strict: false, allowPositionals: true, tokens: true })
    .tokens) {
    if (token.kind !== "option") continue;
    const { rawName, value } = token;
    const negated = token.name.startsWith("no-") ? command.args[token.name.slice(3)] : undefined;
    if (negated !== undefined && isNegatable(negated) && value === undefined) continue;
    const arg = Object.hasOwn(options, token.name) ? command.args[token.name] : undefined;
    if (arg === undefined) {
      const spellings = known.map(([option, each]) =>
        isNegatable(each) && each.default === true ? `no-${option}` : option,
      );
      const longer = spellings.find((spelling) => spelling.startsWith(token.name));
      const nearest = (longer === undefined ? didYouMean(token.name, spellings) : ` Did you mean "${longer}"?`).replace(
        /"(.+)"/,
        '"--$1"',
      );
      throw new UsageError("OPTION_UNKNOWN", `\`millrace ${name}\` has no option ${rawName}.${nearest}`, {
        hint: help,
      });
    }
    if (arg.type === "boolean") {
      if (value === undefined) continue;
      throw new UsageError("OPTION_VALUE", `${rawName} takes no value.`, { hint: help });
    }
    // `--limit --json` forgot a value; a value that begins with a dash is written --option=-value.
    if (value === undefined || value === "" || (!token.inlineValue && value.startsWith("-") && value !== "-")) {
      throw new UsageError("OPTION_VALUE", `${rawName} needs a value.`, { hint: help });
    }
    const choices = arg.type === "enum" ? (arg.options ?? []) : undefined;
    if (choices !== undefined && !choices.includes(value)) {
      throw new UsageError(
        "OPTION_VALUE",
        `${rawName} ${value}: not one of ${choices.join(", ")}.${didYouMean(value, choices)}`,
        { hint: help },
      );
    }
    const earlier = values.get(token.name) ?? [];
    if (earlier.length > 0 && !command.repeatable.includes(token.name)) {
      throw new UsageError("OPTION_REPEATED", `${rawName} may be given once.`, { hint: help });
    }
    values.set(token.name, [...earlier, value]);
  }
  return values;
}

function checkPositionals(given: readonly string[], command: Command, name: string, help: string): void {
  const expected = Object.entries<ArgDef>(command.args).filter(([, arg]) => arg.type === "positional");
  const missing = expected.find(([, arg], index) => arg.required === true && given[index] === undefined);
  if (missing !== undefined) {
    throw new UsageError(
      "ARGUMENT_MISSING",
      `\`millrace ${name}\` needs <${missing[0]}>: ${missing[1].description ?? ""}.`,
      { hint: help },
    );
  }
  const takesMore = expected.some(([argument]) => command.repeatable.includes(argument));
  if (takesMore || given.length <= expected.length) return;
  const extra = given[expected.length] ?? "";
  const hints = [
    help,
    ...(command.variadic.includes("select") ? [`Several models are \`--select ${given.join(" ")}\`.`] : []),
    ...(/[./]/.test(extra) ? ["Patterns like '*.md' need quotes, or the shell replaces them."] : []),
  ];
  throw new UsageError("ARGUMENT_UNKNOWN", `\`millrace ${name}\` does not know what to do with "${extra}".`, {
    hint: hints.join(" "),
  });
}

// Everything is checked above, with messages of our own; citty would name arguments in upper case.
function withOptionalPositionals(args: ArgsDef): ArgsDef {
  return Object.fromEntries(
    Object.entries(args).map(([name, arg]) => [name, arg.type === "positional" ? { ...arg, required: false } : arg]),
  );
}

function isNegatable(arg: ArgDef): boolean {
  return arg.type === "boolean" && (arg.default === true || "negativeDescription" in arg);
}

function shortOf(arg: ArgDef): { readonly short?: string } {
  const alias = "alias" in arg ? [arg.alias ?? []].flat().find((each) => each.length === 1) : undefined;
  return alias === undefined ? {} : { short: alias };
}
