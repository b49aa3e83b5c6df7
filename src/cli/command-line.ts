type Environment = Readonly<Record<string, string | undefined>>;

/** Makes commands to type next: for the same project, started the way this one was. */
export function createCommandLine(options: {
  readonly project?: string | undefined;
  readonly environment?: Environment;
}): (...words: readonly string[]) => string {
  const { project = ".", environment = process.env } = options;
  const place = project === "." ? [] : ["--project", project];
  return (...words) => [programName(environment), ...[...words, ...place].map(quoteWord)].join(" ");
}

// A package manager that started us says so; `millrace` alone is then probably not on the PATH.
function programName(environment: Environment): string {
  const agent = environment["npm_config_user_agent"] ?? "";
  if (agent.startsWith("pnpm/")) return "pnpm millrace";
  if (agent.startsWith("yarn/")) return "yarn millrace";
  return agent.startsWith("npm/") ? "npx millrace" : "millrace";
}

function quoteWord(word: string): string {
  return /^[\w./:@=+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
