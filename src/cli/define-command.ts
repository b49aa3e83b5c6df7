interface Described {
  readonly description: string;
  /** One letter. */
  readonly alias?: string;
}

/** One argument of a command, or one option. */
export type ArgSpec =
  | { readonly type: "positional"; readonly description: string; readonly required?: boolean }
  | (Described & {
      readonly type: "string";
      readonly valueHint?: string;
      readonly default?: string;
      readonly required?: boolean;
    })
  | (Described & { readonly type: "enum"; readonly options: readonly string[]; readonly default?: string })
  | (Described & { readonly type: "boolean" })
  /** On unless its `--no-` form is given; the description is that of this form. */
  | { readonly type: "negated"; readonly description: string };

/** An option as it is typed, without its dashes. */
export function spellingOf(option: string, spec: ArgSpec): string {
  return spec.type === "negated" ? `no-${option}` : option;
}

/** Arguments and options by their names; positionals come in this order. */
export type ArgSpecs = Readonly<Record<string, ArgSpec>>;

type Value<Spec extends ArgSpec> = Spec extends { type: "boolean" | "negated" }
  ? boolean
  : Spec extends { type: "enum" }
    ? Spec["options"][number]
    : string;
type IsGiven<Spec extends ArgSpec> = Spec extends { required: true } | { default: string } | { type: "negated" }
  ? true
  : false;

export interface CommandInput<Specs extends ArgSpecs> {
  readonly args: {
    readonly [Name in keyof Specs]: Value<Specs[Name]> | (IsGiven<Specs[Name]> extends true ? never : undefined);
  };
  /** Every value of an option or argument that may be given several times. */
  readonly all: (option: keyof Specs & string) => readonly string[];
  /** Values of options that the project declares. */
  readonly declared: Readonly<Record<string, string>>;
}

/** What a command did, as the exit code says it; nothing means 0. */
export type ExitCode = 0 | 1 | 2 | 130;

/** One command: its arguments, how it is used, what it does. */
export interface Command {
  readonly args: ArgSpecs;
  /** Options that the project in a folder declares beside these; it is asked when somebody may mean one. */
  readonly declared?: ((project: string) => Promise<ArgSpecs>) | undefined;
  readonly repeatable: readonly string[];
  /** Options of these that take all words that follow. */
  readonly variadic: readonly string[];
  /** Lines for `--help`, each with what it is good for. */
  readonly examples: readonly (readonly [command: string, purpose: string])[];
  readonly run: (input: CommandInput<ArgSpecs>) => Promise<ExitCode | void>;
}

/** Options that every command has. */
export const commonArgs = {
  verbose: { type: "boolean", description: "Print more detail, and stack traces of errors" },
  help: { type: "boolean", alias: "h", description: "Show this help" },
} as const satisfies ArgSpecs;

export const projectArgs = {
  project: { type: "string", alias: "p", valueHint: "dir", default: ".", description: "Project folder" },
} as const satisfies ArgSpecs;

export const jsonArgs = {
  json: { type: "boolean", description: "Print JSON" },
} as const satisfies ArgSpecs;

/** Declares a command; its arguments are typed by their declaration. */
export function defineCommand<const Specs extends ArgSpecs>(command: {
  readonly args: Specs;
  readonly declared?: Command["declared"];
  readonly repeatable?: readonly (keyof Specs & string)[];
  readonly variadic?: readonly (keyof Specs & string)[];
  readonly examples: Command["examples"];
  run(input: CommandInput<Specs & typeof commonArgs>): Promise<ExitCode | void>;
}): Command {
  return {
    args: { ...command.args, ...commonArgs },
    declared: command.declared,
    repeatable: command.repeatable ?? [],
    variadic: command.variadic ?? [],
    examples: command.examples,
    // What the arguments were parsed by are the specs that type them.
    run: (input) => command.run(input as unknown as Parameters<typeof command.run>[0]),
  };
}
