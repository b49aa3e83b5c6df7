import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Database } from "../../src/database/connect.ts";
import { migrateSystemSchema } from "../../src/database/system-schema.ts";
import { documentId } from "../../src/documents/record/document-id.ts";
import type { RunResult } from "../../src/state/results.ts";
import type { RunOptions } from "../../src/run/run-options.ts";
import { createEmptyDatabase } from "../support/test-database.ts";
import { DOCUMENTS, documentPath, type Edit, type History, type PlannedRun, type Step } from "./create-history.ts";
import type { HistoryProcess, StartProcess } from "./history-process.ts";
import { type Failures, isQuery, type ModelSpec, modelName, tableName } from "./model-spec.ts";
import { difference, readState, readWhole } from "./read-state.ts";
import { strayChanges, takeSnapshot } from "./stray-changes.ts";

export const DOCUMENT_IDS = Array.from({ length: DOCUMENTS }, (_, index) => documentId(documentPath(index)));

// The history stands in one target, the run from scratch in another; both read the table `public.input`.
const TARGETS = ["grown", "fresh"] as const;
type Target = (typeof TARGETS)[number];
const SYSTEM_TABLES = ["run_event", "model_run", "run", "unit_state", "program", "model_lease", "documents"];
const MAX_ROUNDS = 3;

class PropertyError extends Error {
  override readonly name = "PropertyError";
}

export interface PlayerOptions {
  readonly startProcess: StartProcess;
  /** Creates what the engine needs in each target. */
  readonly prepare?: ((database: Database) => Promise<void>) | undefined;
}

/** Plays histories one after the other, in one database, and fails where a property does not hold. */
export class HistoryPlayer implements AsyncDisposable {
  readonly #url: string;
  readonly #directory: string;
  readonly #admin: Database;
  readonly #dropDatabase: () => Promise<void>;
  readonly #startProcess: StartProcess;
  /** They live on from history to history, as long as nothing kills them. */
  readonly #processes = new Map<Target, HistoryProcess>();
  /** Units whose functions the last run called. */
  #calls: readonly string[] = [];
  #history!: History;
  /** What a run that died had committed. */
  #committed: readonly string[] = [];
  deaths = 0;

  private constructor(parts: {
    url: string;
    directory: string;
    admin: Database;
    dropDatabase: () => Promise<void>;
    startProcess: StartProcess;
  }) {
    this.#url = parts.url;
    this.#directory = parts.directory;
    this.#admin = parts.admin;
    this.#dropDatabase = parts.dropDatabase;
    this.#startProcess = parts.startProcess;
  }

  static async open({ startProcess, prepare }: PlayerOptions): Promise<HistoryPlayer> {
    const database = await createEmptyDatabase();
    const { url } = database;
    const directory = await mkdtemp(join(tmpdir(), "millrace-history-"));
    const admin = new Database({ url, maxConnections: 2 });
    for (const target of TARGETS) {
      await using system = new Database({ url, target, maxConnections: 1 });
      await migrateSystemSchema(system);
      await prepare?.(system);
    }
    await admin.query(
      "create table input (id text primary key, grp text, document_id text not null, n integer not null, slot text not null, body text not null)",
    );
    const dropDatabase = async () => database[Symbol.asyncDispose]();
    return new HistoryPlayer({ url, directory, admin, dropDatabase, startProcess });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const process of this.#processes.values()) await process[Symbol.asyncDispose]();
    await this.#admin.close();
    await this.#dropDatabase();
    await rm(this.#directory, { recursive: true, force: true });
  }

  async play(history: History): Promise<void> {
    await this.#reset(history);
    for (const [index, step] of history.steps.entries()) await this.#playStep(step, history.steps[index - 1]);
    const last = history.steps.at(-1);
    if (last === undefined) return;
    await this.#settle(last);
    await this.#checkCalm(last);
    await this.#checkFresh(last);
  }

  async #reset(history: History): Promise<void> {
    this.#history = history;
    this.#committed = [];
    const statements = TARGETS.flatMap((target) => [
      `drop schema if exists ${target} cascade; create schema ${target}`,
      ...SYSTEM_TABLES.map((table) => `delete from millrace_${target}.${table}`),
    ]);
    await this.#admin.query([...statements, "delete from input"].join(";"));
    await rm(join(this.#directory, "docs"), { recursive: true, force: true });
    await mkdir(join(this.#directory, "docs"));
    if (history.hasFiles) return;
    // No model reads them; they are there to be named by limited runs.
    await this.#admin.query(
      `insert into millrace_grown.documents (id, source_url, path, content_type, status)
       select id, path, path, 'text/markdown', 'ready' from unnest($1::text[], $2::text[]) as document (id, path)`,
      [DOCUMENT_IDS, DOCUMENT_IDS.map((_, index) => documentPath(index))],
    );
  }

  async #playStep(step: Step, before: Step | undefined): Promise<void> {
    for (const edit of step.edits) await this.#edit(edit);
    for (const index of step.drops) await this.#drop(index);
    const { run } = step;
    if (run.kind === "none") return;
    const limited = {
      target: "grown",
      models: step.models,
      documentIds: run.documents.map((index) => DOCUMENT_IDS[index] ?? ""),
    };
    const snapshot = run.kind === "limited" ? await takeSnapshot(this.#admin, limited) : undefined;
    const committed = before !== undefined && goesOn(before, step) ? new Set(this.#committed) : undefined;
    await this.#run("grown", step, { ...run, failures: step.failures });
    const repeated = this.#calls.filter((unit) => committed?.has(unit));
    if (repeated.length > 0)
      throw new PropertyError(`committed before the crash, and called again: ${repeated.join(", ")}`);
    this.#committed = [];
    if (this.#processes.get("grown")?.isDead === true) await this.#bury();
    const strays = snapshot === undefined ? [] : await strayChanges(this.#admin, limited, snapshot);
    if (strays.length > 0) throw new PropertyError(`units outside the scope of the run changed:\n${strays.join("\n")}`);
  }

  async #bury(): Promise<void> {
    const dead = this.#processes.get("grown");
    this.#processes.delete("grown");
    await dead?.[Symbol.asyncDispose]();
    await dead?.isGone(this.#admin);
    this.deaths += 1;
    const rows = await this.#admin.query<{ unit: string }>(
      `select model || ' ' || source_key as unit from millrace_grown.unit_state
       where status = 'done' and run_id = (select run_id from millrace_grown.run order by started_at desc limit 1)`,
    );
    this.#committed = rows.flatMap(({ unit }) => namesOf(unit));
  }

  // Until no unit is failed: units may stand in each other's way, so that one round is not always enough. No delta run
  // follows that nothing asks for: it might mend what the one before has left.
  async #settle(last: Step): Promise<void> {
    if (this.#history.retriesFirst) await this.#run("grown", last, { kind: "retry" });
    let result = await this.#checkPlan(last);
    for (let round = 1; ; round += 1) {
      const failed = await this.#failedUnits();
      if (failed.length === 0) return requireSuccess(result);
      if (round > MAX_ROUNDS) throw new PropertyError(`units that stay failed:\n${failed.join("\n")}`);
      await this.#run("grown", last, { kind: "retry" });
      result = await this.#run("grown", last, { kind: "delta" });
    }
  }

  // Above pending upstreams a plan names every unit that runs, and no other.
  async #checkPlan(last: Step): Promise<RunResult | undefined> {
    const before = await readWhole(this.#admin, { target: "grown", models: [] });
    const process = await this.#openProcess("grown");
    const { models } = await process.plan({
      models: last.models,
      documents: this.#documents,
      options: this.#options(last, "delta"),
    });
    const after = await readWhole(this.#admin, { target: "grown", models: [] });
    const found = difference({ name: "before", state: before }, { name: "after", state: after });
    if (found !== undefined) throw new PropertyError(`a plan changed something:\n${found}`);
    const result = await this.#run("grown", last, { kind: "delta" });
    const recorded = await this.#recordedUnits(result?.runId ?? "");
    for (const { model, form, upstreamPending, rows = [] } of models) {
      if (upstreamPending.length > 0 || form === "view" || form === "sql") continue;
      const isOwn = (unit: string) => unit.startsWith(`${model} `);
      const planned = rows.filter(({ reason }) => reason !== "deleted").map(({ key }) => `${model} ${key}`);
      // Functions know their units by other names than the ledger does, and queries by none.
      const called = form.startsWith("sql") ? planned : this.#calls.filter(isOwn);
      const ran = recorded.filter(isOwn);
      if (planned.toSorted().join() !== ran.toSorted().join() || called.length !== planned.length) {
        throw new PropertyError(
          `the plan of ${model} named ${planned.join(", ")}, these ran: ${ran.join(", ")}, and these were called: ${called.join(", ")}`,
        );
      }
    }
    return result;
  }

  async #recordedUnits(runId: string): Promise<readonly string[]> {
    const rows = await this.#admin.query<{ unit: string }>(
      "select model || ' ' || source_key as unit from millrace_grown.unit_state where run_id = $1",
      [runId],
    );
    return rows.map(({ unit }) => unit);
  }

  async #failedUnits(): Promise<readonly string[]> {
    const rows = await this.#admin.query<{ text: string }>(
      "select concat_ws(' ', model, source_key, status, error) as text from millrace_grown.unit_state where status <> 'done' order by 1",
    );
    return rows.map(({ text }) => text);
  }

  async #checkCalm(last: Step): Promise<void> {
    const options = { target: "grown", models: last.models };
    const before = await readWhole(this.#admin, options);
    requireSuccess(await this.#run("grown", last, { kind: "delta" }));
    if (this.#calls.length > 0)
      throw new PropertyError(`nothing had changed, and yet functions were called: ${this.#calls.join(", ")}`);
    const after = await readWhole(this.#admin, options);
    const found = difference({ name: "before", state: before }, { name: "after", state: after });
    if (found !== undefined) throw new PropertyError(`a run that has nothing to do changed something:\n${found}`);
  }

  async #checkFresh(last: Step): Promise<void> {
    const { models } = last;
    const grown = await readState(this.#admin, { target: "grown", models });
    requireSuccess(await this.#run("fresh", last, { kind: "full" }));
    const fresh = await readState(this.#admin, { target: "fresh", models });
    const found = difference({ name: "grown", state: grown }, { name: "fresh", state: fresh });
    if (found !== undefined) throw new PropertyError(`the history and a run from scratch differ:\n${found}`);
  }

  async #run(
    target: Target,
    step: Step,
    run: Pick<PlannedRun, "kind"> & Partial<PlannedRun> & { readonly failures?: Failures },
  ): Promise<RunResult | undefined> {
    const { kind, models: some = [], stopOnError = false, crash, failures = [] } = run;
    const process = await this.#openProcess(target);
    const result = await process.run({
      models: step.models,
      documents: this.#documents,
      failures,
      names: kind === "some" ? some.map(modelName) : undefined,
      resumes: kind === "resume",
      width: this.#history.width,
      stopOnError,
      death: crash,
      options: this.#options(step, kind, run),
    });
    this.#calls = process.calls;
    return result;
  }

  #options(
    { models, factors }: Step,
    kind: PlannedRun["kind"],
    { documents = [], models: some = [] }: Partial<PlannedRun> = {},
  ): RunOptions {
    // A parameter of a model that does not run is an error.
    const mayRun = new Set(kind === "some" ? some : models.map(({ index }) => index));
    const settings = Object.entries(factors).flatMap(([index, factor]) =>
      mayRun.has(Number(index)) && hasFunction(models[Number(index)])
        ? [[`${modelName(Number(index))}.factor`, String(factor)]]
        : [],
    );
    return {
      allowDeletes: true,
      mode: kind === "full" ? "full" : "delta",
      settings: Object.fromEntries(settings) as Record<string, string>,
      ...(kind === "limited" ? { filters: { ids: documents.map((index) => DOCUMENT_IDS[index] ?? "") } } : {}),
      ...(kind === "sample" ? { sample: 2 } : {}),
      ...(kind === "retry" ? { retry: {} } : {}),
    };
  }

  async #openProcess(target: Target): Promise<HistoryProcess> {
    const open = this.#processes.get(target);
    if (open !== undefined) return open;
    const process = await this.#startProcess({ url: this.#url, target, directory: this.#directory });
    this.#processes.set(target, process);
    return process;
  }

  get #documents(): readonly string[] {
    return this.#history.hasFiles ? ["./docs"] : [];
  }

  async #edit(edit: Edit): Promise<void> {
    const file = (index: number) => join(this.#directory, documentPath(index));
    if ("remove" in edit) await this.#admin.query("delete from input where id = $1", [edit.remove]);
    else if ("write" in edit) await writeFile(file(edit.write), edit.content);
    else if ("unlink" in edit) await rm(file(edit.unlink));
    else {
      const { id, grp, documentId, n, slot, body } = edit.put;
      await this.#admin.query(
        `insert into input values ($1, $2, $3, $4, $5, $6) on conflict (id) do update
         set (grp, document_id, n, slot, body) = row(excluded.grp, excluded.document_id, excluded.n, excluded.slot, excluded.body)`,
        [id, grp, documentId, n, slot, body],
      );
    }
  }

  async #drop(index: number): Promise<void> {
    const name = `grown.${tableName(index)}`;
    const [found] = await this.#admin.query("select relkind from pg_class where oid = to_regclass($1)", [name]);
    if (found !== undefined)
      await this.#admin.query(`drop ${found["relkind"] === "v" ? "view" : "table"} ${name} cascade`);
  }
}

const hasFunction = (model: ModelSpec | undefined) => model !== undefined && !isQuery(model.form);

/** What a function may call a unit: it knows rows that have a key of two columns by their id. */
function namesOf(unit: string): readonly string[] {
  const [, model, owner, part] = /^(\S+) \[("(?:[^"\\]|\\.)*"), (\d+)\]$/.exec(unit) ?? [];
  if (owner === undefined) return [unit];
  const id = `${model} ${String(JSON.parse(owner))}`;
  return [unit, `${id}/${part}`, id];
}

/** True when the second step has nothing to do but what the first, which died, has left undone. */
function goesOn(before: Step, step: Step): boolean {
  const isSame = step.edits.length === 0 && step.drops.length === 0 && step.models === before.models;
  if (!isSame || step.factors !== before.factors || before.failures.length > 0) return false;
  const { kind } = before.run;
  return step.run.kind === "resume" || ((kind === "delta" || kind === "full") && step.run.kind === "delta");
}

function requireSuccess(result: RunResult | undefined): void {
  if (result?.status === "succeeded") return;
  throw new PropertyError(`a calm run ended ${result?.status}: ${JSON.stringify(result?.errors)}`);
}
