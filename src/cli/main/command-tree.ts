import type { Command } from "../define-command.ts";

type Load = () => Promise<{ readonly default: Command }>;

/** A command, or a group of them. Descriptions stand here, so that `--help` loads none of the commands. */
export interface CommandNode {
  readonly description: string;
  readonly load?: Load;
  readonly children?: Readonly<Record<string, CommandNode>>;
  /** The child that runs when none is named. */
  readonly fallback?: string;
}

export const commandTree: CommandNode & { readonly children: Readonly<Record<string, CommandNode>> } = {
  description: "Typed models, a table for every result, durable runs, only changed rows processed.",
  children: {
    init: { description: "Write a new project that runs at once", load: () => import("../commands/init.ts") },
    new: {
      description: "Write new files into a project",
      children: { model: { description: "Write a typed model file", load: () => import("../commands/new-model.ts") } },
    },
    run: { description: "Run a pipeline, a namespace or a model", load: () => import("../commands/run.ts") },
    build: { description: "Run models and test each when it is done", load: () => import("../commands/build.ts") },
    test: { description: "Test the rows of models", load: () => import("../commands/test.ts") },
    seed: { description: "Load the files of seeds", load: () => import("../commands/seed.ts") },
    compile: { description: "Print the SQL of models", load: () => import("../commands/compile.ts") },
    plan: { description: "Say what a run would do, and why", load: () => import("../commands/plan.ts") },
    explain: {
      description: "Say why a unit will run, or will not",
      load: () => import("../commands/explain.ts"),
    },
    try: {
      description: "Run a model on a few units without writing",
      load: () => import("../commands/try.ts"),
    },
    retry: {
      description: "Go on with the latest run, or run failed units",
      load: () => import("../commands/retry.ts"),
    },
    accept: { description: "Live with units that fail", load: () => import("../commands/accept.ts") },
    mark: { description: "Declare a model's rows current", load: () => import("../commands/mark.ts") },
    ls: { description: "List the models of the project", load: () => import("../commands/ls.ts") },
    graph: { description: "Draw which model reads which", load: () => import("../commands/graph.ts") },
    show: { description: "Show the rows of a model", load: () => import("../commands/show.ts") },
    trace: { description: "Follow a row back to its documents", load: () => import("../commands/trace.ts") },
    source: {
      description: "Tables that others fill",
      fallback: "freshness",
      children: {
        freshness: { description: "Say how old sources are", load: () => import("../commands/source-freshness.ts") },
      },
    },
    documents: {
      description: "Bring documents in, list them, forget them",
      fallback: "ls",
      children: {
        ls: { description: "List the documents", load: () => import("../commands/documents-ls.ts") },
        add: {
          description: "Bring in files, folders, JSONL or web addresses",
          load: () => import("../commands/documents-add.ts"),
        },
        rm: { description: "Forget what was added", load: () => import("../commands/documents-rm.ts") },
      },
    },
    runs: {
      description: "Look at runs, resume and cancel them",
      fallback: "ls",
      children: {
        ls: { description: "List the latest runs", load: () => import("../commands/runs-ls.ts") },
        show: { description: "Show what became of a run", load: () => import("../commands/runs-show.ts") },
        logs: {
          description: "Print what happened in a run, or follow it",
          load: () => import("../commands/runs-logs.ts"),
        },
        resume: {
          description: "Go on with a run that did not succeed",
          load: () => import("../commands/runs-resume.ts"),
        },
        cancel: { description: "Cancel a run, wherever it plays", load: () => import("../commands/runs-cancel.ts") },
      },
    },
    cost: { description: "Add up what language models have cost", load: () => import("../commands/cost.ts") },
    llm: {
      description: "Measure prompts, find better ones, look at kept answers",
      children: {
        eval: { description: "Say how well a signature is answered", load: () => import("../commands/llm-eval.ts") },
        optimize: { description: "Search for a better prompt", load: () => import("../commands/llm-optimize.ts") },
        diff: { description: "Compare two tuned prompts", load: () => import("../commands/llm-diff.ts") },
        log: { description: "Show what was asked and answered", load: () => import("../commands/llm-log.ts") },
        label: {
          description: "Write examples to correct from what a model asks",
          load: () => import("../commands/llm-label.ts"),
        },
        cache: {
          description: "Answers that are kept",
          fallback: "stats",
          children: {
            stats: { description: "Show what is kept", load: () => import("../commands/llm-cache-stats.ts") },
            prune: { description: "Delete what is kept", load: () => import("../commands/llm-cache-prune.ts") },
          },
        },
      },
    },
    migrate: {
      description: "Change tables to what the models declare, where data may be lost too",
      load: () => import("../commands/migrate.ts"),
    },
    db: {
      description: "The project's database",
      children: {
        url: { description: "Print its connection URL", load: () => import("../commands/db-url.ts") },
        psql: { description: "Open psql on it", load: () => import("../commands/db-psql.ts") },
        start: { description: "Start the embedded Postgres", load: () => import("../commands/db-start.ts") },
        stop: { description: "Stop the embedded Postgres", load: () => import("../commands/db-stop.ts") },
        reset: {
          description: "Delete the embedded Postgres with all its data",
          load: () => import("../commands/db-reset.ts"),
        },
      },
    },
    doctor: {
      description: "Check that everything a project needs is there",
      load: () => import("../commands/doctor.ts"),
    },
  },
};

export interface FoundCommand {
  readonly node: CommandNode;
  /** Words that led here, e.g. `runs`, `show`. */
  readonly path: readonly string[];
  /** What comes after them. */
  readonly rest: readonly string[];
  /** The word that should have been a command. */
  readonly unknown?: string;
}

/** Follows the words of a command line as far as they name commands. */
export function findCommand(rawArgs: readonly string[]): FoundCommand {
  let node: CommandNode = commandTree;
  const path: string[] = [];
  for (let index = 0; ; index += 1) {
    const word = rawArgs[index];
    const rest = rawArgs.slice(index);
    if (node.children === undefined) return { node, path, rest };
    if (word === undefined || word.startsWith("-")) {
      const fallback: CommandNode | undefined = node.fallback === undefined ? undefined : node.children[node.fallback];
      const wantsHelp = rest.includes("--help") || rest.includes("-h");
      if (fallback === undefined || wantsHelp) return { node, path, rest };
      return { node: fallback, path: [...path, node.fallback ?? ""], rest };
    }
    const child: CommandNode | undefined = Object.hasOwn(node.children, word) ? node.children[word] : undefined;
    if (child === undefined) return { node, path, rest, unknown: word };
    path.push(word);
    node = child;
  }
}
