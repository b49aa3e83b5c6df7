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
      init                                Write a new project that runs at once
      new model                           Write new files into a project
      run                                 Run a pipeline, a namespace or a model
      build                               Run models and test each when it is done
      test                                Test the rows of models
      seed                                Load the files of seeds
      compile                             Print the SQL of models
      plan                                Say what a run would do, and why
      explain                             Say why a unit will run, or will not
      try                                 Run a model on a few units without writing
      retry                               Go on with the latest run, or run failed units
      mark                                Declare a model's rows current
      ls                                  List the models of the project
      graph                               Draw which model reads which
      show                                Show the rows of a model
      trace                               Follow a row back to its documents
      source [freshness]                  Tables that others fill
      documents [ls|add|rm]               Bring documents in, list them, forget them
      runs [ls|show|logs|resume|cancel]   Look at runs, resume and cancel them
      cost                                Add up what language models have cost
      llm eval|optimize|diff|label|cache  Measure prompts, find better ones, look at kept answers
      migrate                             Change tables to what the models declare, where data may be lost too
      db url|psql|start|stop|reset        The project's database
      doctor                              Check that everything a project needs is there

    Start
      npx millrace init my-project
      cd my-project && npm install && npx millrace run

    \`millrace <command> --help\` says more about a command, \`--version\` prints the version.
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
      pipeline  A pipeline, a namespace or a model; without it the only one there is, or all models

    Options
      -s, --select <selector>         Only these models: name, +name+, tag:, path:, source:, state:, …; may be repeated
          --exclude <selector>        Not these models; may be repeated
          --state <dir>               Artifacts that state: and result: compare with, instead of what is stored
          --documents <glob>          Documents to run on, instead of the configured ones; may be repeated
          --ids <id>                  Only this document: its id, a prefix of it, a path or a URL; may be repeated
          --include-documents <glob>  Only documents whose path or URL matches
          --exclude-documents <glob>  No documents whose path or URL matches
          --status <status>           Only documents in this state: ready, failed
          --content-type <type>       Only documents of this type, e.g. text/markdown
          --limit <n>                 At most this many documents
          --full-refresh              Process everything in scope, not only what changed
          --sample <n>                Only a sample of so many documents, the same every time
          --set <k=v>                 A parameter of a model, for this run; may be repeated
          --allow-deletes             Remove documents even when most of them are gone
      -p, --project <dir>             Folder of the project
          --max-cost <usd>            Most that calls to language models may cost
          --continue-on-error         After a failure go on with independent models
          --stop-on-error             After a failure start nothing new
          --no-wait                   Fail when another run holds a model, instead of waiting
          --reporter <file>           Module that takes the events of the run; \`default\` keeps the usual display beside it; may be repeated
          --json                      Print JSON for machines
          --verbose                   Say more, and show the stack of errors
      -h, --help                      Show this help

    Examples
      millrace run indexing                                   process what changed since the last run
      millrace run indexing --sample 10                       try it on ten documents
      millrace run indexing.document_sections --full-refresh  process everything of one model
      millrace run --select +reporting.summary                a model and everything it is made of
      millrace run --select tag:nightly+ --exclude tag:slow   by tag, with what is below
      millrace run --set maxSectionChars=4000                 with another parameter
    "
  `);
});

test("--version prints the version of the package", async () => {
  const { version } = JSON.parse(await readFile(join(REPOSITORY, "package.json"), "utf8")) as { version: string };
  expect(await runCli(["--version"])).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
});
