import { parseArgs } from "node:util";
import { UsageError } from "../../core/errors.ts";
import { didYouMean } from "../../core/text.ts";
import { type ArgSpec, type ArgSpecs, type Command, type CommandInput, spellingOf } from "../define-command.ts";

/**
 * Reads the arguments of a command, and the options that its project declares for it. Whatever neither knows is an
 * error, with the nearest name.
 */
export function parseArguments(
  given: readonly string[],
  { args: own, ...rest }: Command,
  { name, declared = {} }: { readonly name: string; readonly declared?: ArgSpecs },
): CommandInput<ArgSpecs> {
  const command = { ...rest, args: { ...own, ...declared } };
  const usage: Usage = { command, name, help: `\`millrace ${name} --help\` shows the options.` };
  const words: string[] = [];
  const flags = new Set<string>();
  const values = new Map<string, readonly string[]>();
  for (const token of readTokens(given, command)) {
    if (token.kind === "positional") words.push(token.value);
    if (token.kind !== "option") continue;
    const [option, spec] = findOption(token, usage);
    if (spec.type === "boolean" || spec.type === "negated") {
      if (token.value !== undefined) throw wrongValue(`${token.rawName} takes no value.`, usage);
      flags.add(token.name);
      continue;
    }
    const earlier = values.get(option) ?? [];
    if (earlier.length > 0 && !command.repeatable.includes(option)) {
      throw new UsageError("OPTION_REPEATED", `${token.rawName} may be given once.`, { hint: usage.help });
    }
    values.set(option, [...earlier, readValue(token, spec, usage)]);
  }
  placeWords(words, values, usage);
  requireOptions(values, usage);
  const args = Object.entries(command.args).map(([option, spec]) => {
    if (spec.type === "boolean") return [option, flags.has(option) ? true : undefined] as const;
    if (spec.type === "negated") return [option, !flags.has(spellingOf(option, spec))] as const;
    return [option, values.get(option)?.at(-1) ?? ("default" in spec ? spec.default : undefined)] as const;
  });
  // `args` has what the specs say: required words and defaults are in it.
  return {
    args: Object.fromEntries(args) as CommandInput<ArgSpecs>["args"],
    all: (option) => values.get(option) ?? [],
    declared: Object.fromEntries(
      Object.keys(declared).flatMap((option) => (values.get(option) ?? []).map((value) => [option, value])),
    ),
  };
}

/** True when every option is one of the command's own. */
export function isEveryOptionOwn(given: readonly string[], command: Command): boolean {
  return readTokens(given, command).every(
    (token) => token.kind !== "option" || optionNamed(token.name, command) !== undefined,
  );
}

/** What messages need. */
interface Usage {
  readonly command: Command;
  readonly name: string;
  readonly help: string;
}

type Token = ReturnType<typeof readTokens>[number];
type OptionToken = Extract<Token, { kind: "option" }>;

function readTokens(given: readonly string[], command: Command) {
  const options = Object.fromEntries(
    optionsOf(command).map(([option, spec]) => [
      option,
      { type: isFlag(spec) ? "boolean" : "string", ...shortOf(spec) } as const,
    ]),
  );
  const args = [...spreadWords(given, command)];
  return parseArgs({ args, options, strict: false, allowPositionals: true, tokens: true }).tokens;
}

// `--select a b` means both, as with dbt: words that follow belong to the option until the next one.
function spreadWords(given: readonly string[], command: Command): readonly string[] {
  const options = new Map<string, string>(
    optionsOf(command)
      .filter(([option]) => command.variadic.includes(option))
      .flatMap(([option, spec]) => {
        const { short } = shortOf(spec);
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

function findOption({ name, rawName }: OptionToken, usage: Usage): readonly [string, OptionSpec] {
  const found = optionNamed(name, usage.command);
  if (found !== undefined) return found;
  const known = optionsOf(usage.command);
  const spellings = known.map(([option, spec]) => spellingOf(option, spec));
  const longer = spellings.find((spelling) => spelling.startsWith(name));
  const nearest = longer === undefined ? didYouMean(name, spellings) : ` Did you mean "${longer}"?`;
  throw new UsageError(
    "OPTION_UNKNOWN",
    `\`millrace ${usage.name}\` has no option ${rawName}.${nearest.replace(/"(.+)"/, '"--$1"')}`,
    { hint: usage.help },
  );
}

function optionNamed(name: string, command: Command): readonly [string, OptionSpec] | undefined {
  return optionsOf(command).find(([option, spec]) => option === name || spellingOf(option, spec) === name);
}

function readValue({ rawName, value, inlineValue }: OptionToken, spec: OptionSpec, usage: Usage): string {
  // `--limit --json` forgot a value; a value that begins with a dash is written --option=-value.
  if (value === undefined || value === "" || (!inlineValue && value.startsWith("-") && value !== "-")) {
    throw wrongValue(`${rawName} needs a value.`, usage);
  }
  if (spec.type === "enum" && !spec.options.includes(value)) {
    const { options } = spec;
    throw wrongValue(`${rawName} ${value}: not one of ${options.join(", ")}.${didYouMean(value, options)}`, usage);
  }
  return value;
}

/** Gives the words that belong to no option to the arguments, in order; the last may take all that are left. */
function placeWords(words: readonly string[], values: Map<string, readonly string[]>, usage: Usage): void {
  const { command, name, help } = usage;
  const expected = Object.entries(command.args).filter(([, spec]) => spec.type === "positional");
  let used = 0;
  for (const [argument, spec] of expected) {
    const end = command.repeatable.includes(argument) ? words.length : used + 1;
    const own = words.slice(used, end);
    // An empty word, as a shell makes of an empty variable, must not select anything.
    if (own.some((word) => word.trim() === "")) {
      throw new UsageError("ARGUMENT_EMPTY", `\`millrace ${name}\`: <${argument}> is empty.`, {
        hint: `Check the variable that it comes from, or leave the argument out where it is optional. ${help}`,
      });
    }
    if (own.length > 0) values.set(argument, own);
    else if ("required" in spec && spec.required) {
      throw new UsageError("ARGUMENT_MISSING", `\`millrace ${name}\` needs <${argument}>: ${spec.description}.`, {
        hint: help,
      });
    }
    used += own.length;
  }
  const extra = words[used];
  if (extra === undefined) return;
  const hints = [
    help,
    ...(command.variadic.includes("select") ? [`Several models are \`--select ${words.join(" ")}\`.`] : []),
    ...(/[./]/.test(extra) ? ["Patterns like '*.md' need quotes, or the shell replaces them."] : []),
  ];
  throw new UsageError("ARGUMENT_UNKNOWN", `\`millrace ${name}\` does not know what to do with "${extra}".`, {
    hint: hints.join(" "),
  });
}

function requireOptions(values: ReadonlyMap<string, unknown>, { command, name, help }: Usage): void {
  const missing = optionsOf(command).find(
    ([option, spec]) => "required" in spec && spec.required && !values.has(option),
  );
  if (missing === undefined) return;
  const [option, { description }] = missing;
  throw new UsageError("OPTION_MISSING", `\`millrace ${name}\` needs --${option}: ${description}.`, { hint: help });
}

function wrongValue(message: string, { help }: Usage): UsageError {
  return new UsageError("OPTION_VALUE", message, { hint: help });
}

type OptionSpec = Exclude<ArgSpec, { type: "positional" }>;

function optionsOf({ args }: Command): readonly (readonly [string, OptionSpec])[] {
  return Object.entries(args).flatMap(([option, spec]) =>
    spec.type === "positional" ? [] : [[option, spec] as const],
  );
}

const isFlag = ({ type }: ArgSpec) => type === "boolean" || type === "negated";

function shortOf(spec: OptionSpec): { readonly short?: string } {
  return "alias" in spec && spec.alias !== undefined ? { short: spec.alias } : {};
}
