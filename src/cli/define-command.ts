import type { ArgsDef, ParsedArgs } from "citty";

export interface CommandInput<Args extends ArgsDef> {
  readonly args: ParsedArgs<Args>;
  /** Every value of an option that may be given several times. */
  readonly all: (option: keyof Args & string) => readonly string[];
}

/** What a command did, as the exit code says it; nothing means 0. */
export type ExitCode = 0 | 1 | 2 | 130;

/** One command: its arguments, how it is used, what it does. */
export interface Command {
  readonly args: ArgsDef;
  readonly repeatable: readonly string[];
  /** Options of these that take all words that follow. */
  readonly variadic: readonly string[];
  /** Lines for `--help`, each with what it is good for. */
  readonly examples: readonly (readonly [command: string, purpose: string])[];
  readonly run: (input: CommandInput<ArgsDef>) => Promise<ExitCode | void>;
}

/** Options that every command has. */
export const commonArgs = {
  verbose: { type: "boolean", description: "Say more, and show the stack of errors" },
  help: { type: "boolean", alias: "h", description: "Show this help" },
} as const satisfies ArgsDef;

export const projectArgs = {
  project: { type: "string", alias: "p", valueHint: "dir", default: ".", description: "Folder of the project" },
} as const satisfies ArgsDef;

export const jsonArgs = {
  json: { type: "boolean", description: "Print JSON for machines" },
} as const satisfies ArgsDef;

/** Declares a command; its arguments are typed by their declaration. */
export function defineCommand<const Args extends ArgsDef>(command: {
  readonly args: Args;
  readonly repeatable?: readonly (keyof Args & string)[];
  readonly variadic?: readonly (keyof Args & string)[];
  readonly examples: Command["examples"];
  run(input: CommandInput<Args & typeof commonArgs>): Promise<ExitCode | void>;
}): Command {
  return {
    args: { ...command.args, ...commonArgs },
    repeatable: command.repeatable ?? [],
    variadic: command.variadic ?? [],
    examples: command.examples,
    run: (input) => command.run(input as Parameters<typeof command.run>[0]),
  };
}
