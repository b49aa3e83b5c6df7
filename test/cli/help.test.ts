import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type CommandNode, commandTree } from "../../src/cli/main/command-tree.ts";
import { REPOSITORY, runCli } from "./run-cli.ts";

function commandPaths(node: CommandNode, path: readonly string[] = []): readonly (readonly string[])[] {
  return Object.entries(node.children ?? {}).flatMap(([name, child]) =>
    child.children === undefined ? [[...path, name]] : commandPaths(child, [...path, name]),
  );
}

test("--help shows every command", async () => {
  const { code, stdout, stderr } = await runCli(["--help"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatchInlineSnapshot(`
    "Typed models, a table for every result, durable runs, only changed rows processed.

    Usage  millrace <command> [options]

    Commands
      init                                    Create a new project that is ready to run
      new model                               Add a model to the project
      run                                     Run a pipeline, a namespace or a model
      build                                   Run models and their data tests
      test                                    Run data tests on existing tables, or unit tests
      seed                                    Load seed files into their tables
      compile                                 Print the compiled SQL of models
      plan                                    Show what a run would do, and why
      explain                                 Explain why a unit would run or be skipped
      try                                     Run a model on a few units without writing anything
      retry                                   Resume the latest run, or rerun failed units
      accept                                  Accept failed units, so that runs succeed without them
      mark                                    Mark a model's output as up to date
      ls                                      List the models of the project
      graph                                   Draw the dependency graph
      show                                    Show the rows of a model
      trace                                   Trace a row back to the documents it came from
      source [freshness]                      External source tables
      documents [ls|add|rm]                   Add, list and remove documents
      runs [ls|show|logs|resume|cancel]       List, inspect, resume and cancel runs
      cost                                    Show what model calls have cost
      llm eval|optimize|diff|log|label|cache  Evaluate and tune prompts; inspect the response cache
      migrate                                 Apply schema changes, including those that can lose data
      db url|psql|start|stop|reset            The project's database
      doctor                                  Check the setup of a project

    Start
      npx millrace init my-project
      cd my-project && npm install && npx millrace run

    \`millrace <command> --help\` shows the options of a command, \`--version\` prints the version.
    "
  `);
});

test.concurrent.for(commandPaths(commandTree))("%s --help shows usage, options and an example", async (path) => {
  const { code, stdout, stderr } = await runCli([...path, "--help"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toContain(`Usage  millrace ${path.join(" ")}`);
  expect(stdout).toMatch(new RegExp(`^Examples\n  millrace ${path.join(" ")}`, "m"));
});

test("run --help", async () => {
  expect((await runCli(["run", "--help"])).stdout).toMatchInlineSnapshot(`
    "Run a pipeline, a namespace or a model

    Usage  millrace run [pipeline] [options]

    Arguments
      pipeline  Pipeline, namespace or model; by default the project's only pipeline, or all models

    Options
      -s, --select <selector>         Models to include: name, +name+, tag:, path:, source:, state:, … (repeatable)
          --exclude <selector>        Models to leave out (repeatable)
          --state <dir>               Folder of artifacts that state: and result: compare with, instead of the database
          --documents <glob>          Documents to use instead of the configured ones (repeatable)
          --ids <id>                  Only this document, by id, id prefix, path or URL (repeatable)
          --include-documents <glob>  Only documents whose path or URL matches
          --exclude-documents <glob>  Leave out documents whose path or URL matches
          --status <status>           Only documents with this status: ready or failed
          --content-type <type>       Only documents of this content type, e.g. text/markdown
          --limit <n>                 At most this many documents
          --full-refresh              Process everything in scope, changed or not
          --sample <n>                Use a sample of n documents, the same ones every time
          --set <k=v>                 Set a model parameter for this run (repeatable)
          --allow-deletes             Allow a sync that removes most of the documents
      -p, --project <dir>             Project folder
          --max-cost <usd>            Budget for calls to language models, in US dollars
          --continue-on-error         After a failure, continue with models that do not depend on it
          --stop-on-error             After a failure, start no further models
          --no-wait                   Fail if another run is using a model, instead of waiting
          --reporter <file>           Module that receives the events of the run; \`default\` is the built-in display (repeatable)
          --json                      Print JSON
          --verbose                   Print more detail, and stack traces of errors
      -h, --help                      Show this help

    Examples
      millrace run indexing                                   process what has changed since the last run
      millrace run indexing --sample 10                       try it on ten documents
      millrace run indexing.document_sections --full-refresh  process everything of one model
      millrace run --select +reporting.summary                a model and everything upstream of it
      millrace run --select tag:nightly+ --exclude tag:slow   by tag, with everything downstream
      millrace run --set maxSectionChars=4000                 with a different parameter
    "
  `);
});

test("--version prints the version of the package", async () => {
  const { version } = JSON.parse(await readFile(join(REPOSITORY, "package.json"), "utf8")) as { version: string };
  expect(await runCli(["--version"])).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
});
