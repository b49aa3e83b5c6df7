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
    init: { description: "Create a new project that is ready to run", load: () => import("../commands/init.ts") },
    new: {
      description: "Add a model to the project",
      children: { model: { description: "Create a typed model", load: () => import("../commands/new-model.ts") } },
    },
    run: { description: "Run a pipeline, a namespace or a model", load: () => import("../commands/run.ts") },
    build: { description: "Run models and their data tests", load: () => import("../commands/build.ts") },
    test: {
      description: "Run data tests on existing tables, or unit tests",
      load: () => import("../commands/test.ts"),
    },
    seed: { description: "Load seed files into their tables", load: () => import("../commands/seed.ts") },
    compile: { description: "Print the compiled SQL of models", load: () => import("../commands/compile.ts") },
    plan: { description: "Show what a run would do, and why", load: () => import("../commands/plan.ts") },
    explain: {
      description: "Explain why a unit would run or be skipped",
      load: () => import("../commands/explain.ts"),
    },
    try: {
      description: "Run a model on a few units without writing anything",
      load: () => import("../commands/try.ts"),
    },
    retry: {
      description: "Resume the latest run, or rerun failed units",
      load: () => import("../commands/retry.ts"),
    },
    accept: {
      description: "Accept failed units, so that runs succeed without them",
      load: () => import("../commands/accept.ts"),
    },
    mark: { description: "Mark a model's output as up to date", load: () => import("../commands/mark.ts") },
    ls: { description: "List the models of the project", load: () => import("../commands/ls.ts") },
    graph: { description: "Draw the dependency graph", load: () => import("../commands/graph.ts") },
    show: { description: "Show the rows of a model", load: () => import("../commands/show.ts") },
    trace: {
      description: "Trace a row back to the documents it came from",
      load: () => import("../commands/trace.ts"),
    },
    source: {
      description: "External source tables",
      fallback: "freshness",
      children: {
        freshness: {
          description: "Check how fresh sources are",
          load: () => import("../commands/source-freshness.ts"),
        },
      },
    },
    documents: {
      description: "Add, list and remove documents",
      fallback: "ls",
      children: {
        ls: { description: "List documents", load: () => import("../commands/documents-ls.ts") },
        add: {
          description: "Add files, folders, JSONL or URLs",
          load: () => import("../commands/documents-add.ts"),
        },
        rm: { description: "Remove added documents", load: () => import("../commands/documents-rm.ts") },
      },
    },
    runs: {
      description: "List, inspect, resume and cancel runs",
      fallback: "ls",
      children: {
        ls: { description: "List recent runs", load: () => import("../commands/runs-ls.ts") },
        show: { description: "Show the outcome of a run", load: () => import("../commands/runs-show.ts") },
        logs: {
          description: "Print the events of a run, or follow it live",
          load: () => import("../commands/runs-logs.ts"),
        },
        resume: {
          description: "Resume a run that did not succeed",
          load: () => import("../commands/runs-resume.ts"),
        },
        cancel: {
          description: "Cancel a run, also one in another process",
          load: () => import("../commands/runs-cancel.ts"),
        },
      },
    },
    cost: { description: "Show what model calls have cost", load: () => import("../commands/cost.ts") },
    llm: {
      description: "Evaluate and tune prompts; inspect the response cache",
      children: {
        eval: { description: "Score a signature on labelled examples", load: () => import("../commands/llm-eval.ts") },
        optimize: { description: "Search for a better prompt", load: () => import("../commands/llm-optimize.ts") },
        diff: { description: "Compare two tuned prompts", load: () => import("../commands/llm-diff.ts") },
        log: { description: "Show the recorded calls of a model", load: () => import("../commands/llm-log.ts") },
        label: {
          description: "Export examples to label from the calls of a model",
          load: () => import("../commands/llm-label.ts"),
        },
        cache: {
          description: "The response cache",
          fallback: "stats",
          children: {
            stats: { description: "Show its size", load: () => import("../commands/llm-cache-stats.ts") },
            prune: { description: "Delete entries", load: () => import("../commands/llm-cache-prune.ts") },
          },
        },
      },
    },
    migrate: {
      description: "Apply schema changes, including those that can lose data",
      load: () => import("../commands/migrate.ts"),
    },
    db: {
      description: "The project's database",
      children: {
        url: { description: "Print the connection URL", load: () => import("../commands/db-url.ts") },
        psql: { description: "Open psql", load: () => import("../commands/db-psql.ts") },
        start: { description: "Start the embedded Postgres", load: () => import("../commands/db-start.ts") },
        stop: { description: "Stop the embedded Postgres", load: () => import("../commands/db-stop.ts") },
        reset: {
          description: "Delete the embedded Postgres and all its data",
          load: () => import("../commands/db-reset.ts"),
        },
      },
    },
    doctor: {
      description: "Check the setup of a project",
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
