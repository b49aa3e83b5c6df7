import { basename, relative } from "node:path";
import type { Suggest } from "../display/suggest.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Makes commands to type next: for the same project, started the way this one was. */
export function createCommandLine(options: {
  readonly project?: string | undefined;
  readonly environment?: Environment;
  readonly script?: string | undefined;
}): Suggest {
  const { project = ".", environment = process.env, script = process.argv[1] } = options;
  const program = programName(environment, script);
  return (...words) => {
    const isPlaced = project === "." || words[0] === "init";
    return [program, ...[...words, ...(isPlaced ? [] : ["--project", project])].map(quoteWord)].join(" ");
  };
}

// A package manager that started us says so; `millrace` alone is then probably not on the PATH.
function programName(environment: Environment, script = ""): string {
  const agent = environment["npm_config_user_agent"] ?? "";
  if (agent.startsWith("pnpm/")) return "pnpm millrace";
  if (agent.startsWith("yarn/")) return "yarn millrace";
  if (agent.startsWith("npm/")) return "npx millrace";
  // An installed one is called by its link; on Windows its shim names the file in node_modules.
  const isClone = basename(script) === "millrace.js" && !/[\\/]node_modules[\\/]/.test(script);
  return isClone ? `node ${quoteWord(relative(process.cwd(), script))}` : "millrace";
}

function quoteWord(word: string): string {
  return /^[\w./:@=+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
