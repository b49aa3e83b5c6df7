import { appendFileSync } from "node:fs";
import { definePipeline, MillraceError, openProject, type Project, type RunResult } from "millrace";
import pg from "pg";
import type { Death } from "../support/mortal-database.ts";
import { buildModels } from "./build-models.ts";
import { NOT_RESUMABLE, type ProcessOptions, type ProcessPlan, type ProcessRun } from "./history-process.ts";
import { createKit } from "./model-kit.ts";
import { type Failures, modelName } from "./model-spec.ts";

/** What the child is asked, one thing at a time. */
export type Request = { readonly run: ProcessRun } | { readonly plan: ProcessPlan };

export interface Answer {
  readonly result?: unknown;
  readonly error?: string;
}

const [options = "{}", callsFile = ""] = process.argv.slice(2);
const { url, target, directory } = JSON.parse(options) as ProcessOptions;
let failures: Failures = [];
let open: { readonly declared: string; readonly project: Project } | undefined;

const kit = createKit({
  failuresOf: () => failures,
  onCall: (model, unit) => appendFileSync(callsFile, `${modelName(model)} ${unit}\n`),
});

const die = (): never => {
  process.kill(process.pid, "SIGKILL");
  throw new Error("the process has died");
};

/** Counts all statements from here on, those of the engine too. */
const dieAt = ({ statement, moment }: Death) => {
  const { prototype } = pg.Client as unknown as { prototype: { query: (...given: unknown[]) => unknown } };
  const { query } = prototype;
  let left = statement;
  prototype.query = function (...given) {
    left -= 1;
    if (left !== 0) return query.apply(this, given);
    if (moment === "before") die();
    const sent = query.apply(this, given);
    return sent instanceof Promise ? sent.then(die, die) : die();
  };
  return () => void (prototype.query = query);
};

// A process whose files change starts anew; one in which nothing changes may run for days.
async function projectOf({ models, documents }: Pick<ProcessRun, "models" | "documents">): Promise<Project> {
  const declared = JSON.stringify([models, documents]);
  if (open?.declared === declared) return open.project;
  await close();
  const project = await openProject({
    directory,
    documents: [...documents],
    database: url,
    target,
    models: [...buildModels(models, kit)],
  });
  open = { declared, project };
  return project;
}

async function close(): Promise<void> {
  await open?.project[Symbol.asyncDispose]();
  open = undefined;
}

async function run(given: ProcessRun): Promise<RunResult> {
  const { models, names, resumes, stopOnError, options, death } = given;
  failures = given.failures;
  const live = death === undefined ? () => undefined : dieAt(death);
  try {
    const project = await projectOf(given);
    const resumed = resumes ? await resume(project) : undefined;
    const all = names ?? models.map(({ index }) => modelName(index));
    return (
      resumed ??
      (await project.runPipeline(definePipeline({ name: "history", models: all, stopOnError }), { ...options }))
    );
  } finally {
    live();
  }
}

async function resume(project: Project): Promise<RunResult | undefined> {
  if ((await project.runs.list({ limit: 1 })).length === 0) return undefined;
  try {
    return await project.runs.resume("last");
  } catch (error) {
    if (error instanceof MillraceError && NOT_RESUMABLE.includes(error.code)) return undefined;
    throw error;
  }
}

async function answer(request: Request): Promise<unknown> {
  if ("run" in request) return run(request.run);
  const { models, options } = request.plan;
  const pipeline = definePipeline({ name: "history", models: models.map(({ index }) => modelName(index)) });
  return (await projectOf(request.plan)).plan(pipeline, { ...options, rows: 1_000 });
}

const reply = (answer: Answer) => void process.send?.(answer);

process.on("message", (request: Request) => {
  void answer(request).then(
    (result) => reply({ result }),
    (error: unknown) => reply({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  );
});
process.on("disconnect", () => void close().finally(() => process.exit()));
