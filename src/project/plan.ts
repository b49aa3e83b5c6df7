import { Database } from "../database/connect.ts";
import { resolveDocumentFilters } from "../documents/document-filters.ts";
import type { DocumentSync } from "../documents/sync-documents.ts";
import type { Graph } from "../graph/build-graph.ts";
import type { ResolvedModel } from "../graph/resolve-model.ts";
import type { LlmSource } from "../llm/llm.ts";
import { allDocuments, type ModelContext } from "../model/context.ts";
import { type ShownForm, shownForm } from "../model/define-sql-model.ts";
import type { Pipeline } from "../model/pipeline.ts";
import type { CodeOf } from "../run/active-run.ts";
import { configsOf, graphOf, syncRunDocuments } from "../run/prepare-run.ts";
import type { RunOptions } from "../run/run-options.ts";
import { scopeOfModel } from "../run/run-scope.ts";
import { Parameters } from "../run/sql-text.ts";
import { type PlanningJob, planUnits } from "../run/units/plan-units.ts";
import type { FunctionJob } from "../run/units/unit-function.ts";
import { type UnitReason, WORK_REASONS } from "../run/units/unit-plan.ts";
import { unitReasonsSql } from "../run/units/unit-query.ts";
import { planWhole } from "../run/whole-model.ts";
import { blockedError, planSchemaChanges, type SchemaPlan } from "../table/schema-change.ts";
import { type CostForecast, forecastCost } from "./forecast-cost.ts";
import type { Project } from "./project.ts";

/** Why a unit would run, or would not; `deleted` are units whose source row is gone. */
export type PlannedReason = UnitReason | "deleted";

export interface PlannedUnit {
  readonly key: string;
  readonly reason: PlannedReason;
}

/** What a run would do to one model. */
export interface ModelPlan {
  readonly model: string;
  readonly table: string;
  readonly form: ShownForm;
  /** Units in scope by reason; reasons without units are left out. */
  readonly units: Readonly<Partial<Record<PlannedReason, number>>>;
  /** Units that would be processed. */
  readonly work: number;
  /**
   * Upstreams that have work themselves. Then `units` is what is known now: the run may process any unit of this
   * model, but nothing in a model without pending upstreams beyond what is announced.
   */
  readonly upstreamPending: readonly string[];
  /** Parameters and sources that differ, where they are the reason. */
  readonly changed: readonly string[];
  readonly estimate: Estimate | undefined;
  /** What calls to language models will cost, as far as somebody knows. */
  readonly cost: CostForecast | undefined;
  /** Units with something to do, in the order of their keys; present when they were asked for. */
  readonly rows?: readonly PlannedUnit[];
}

/** Expected duration of a model's work. */
export interface Estimate {
  readonly ms: number;
  readonly basis: string;
}

export interface RunPlan {
  readonly pipeline: string;
  readonly mode: "delta" | "full";
  /** What a sync of the documents would do; undefined when no model reads documents. */
  readonly documents: DocumentSync | undefined;
  /** Changes that tables would get before anything runs. */
  readonly schema: readonly string[];
  readonly models: readonly ModelPlan[];
}

export type PlanOptions = Pick<
  RunOptions,
  "filters" | "mode" | "settings" | "metadata" | "documents" | "allowDeletes" | "sample" | "retry"
> & {
  /** Lists the units too, at most so many of each model. */
  readonly rows?: number;
};

/** Says what a run would do. Nothing is changed: documents are looked at in a temporary table. */
export async function planRun(
  project: Project,
  options: PlanOptions & {
    readonly database: Database;
    readonly pipeline: Pipeline;
    readonly codeOf: CodeOf;
    readonly llm: LlmSource;
  },
): Promise<RunPlan> {
  const { pipeline, filters = {}, mode = "delta", settings = {}, metadata = {} } = options;
  const graph = graphOf(project, pipeline);
  const configs = configsOf(project, graph, settings);
  const shapes = [...graph.values()].map(({ shape }) => shape);
  const schema = await planSchemaChanges(options.database, shapes);
  if (schema.blocked.length > 0) throw blockedError(schema.blocked);
  await using database = await openRehearsal(options.database, project);
  const documents = await syncRunDocuments({ ...options, project, database, graph });
  const { directory } = project;
  const documentIds = await resolveDocumentFilters({ database, directory, filters, sample: options.sample });
  const context: ModelContext = { runId: "plan", mode, filters, documentIds: documentIds ?? allDocuments, metadata };
  const documentsChange = documents !== undefined && documents.added + documents.changed + documents.removed > 0;
  const planner = new Planner({ ...options, documentsChange, directory, database, graph, configs, schema, context });
  for (const resolved of graph.values()) await planner.add(resolved);
  return { pipeline: pipeline.name, mode, documents, schema: schema.statements, models: planner.models };
}

// One connection, because the temporary table is seen by no other.
async function openRehearsal(database: Database, { config }: Project): Promise<Database> {
  const name = "millrace_documents";
  const rehearsal = new Database({
    url: database.url,
    target: config.target,
    maxConnections: 1,
    documents: `pg_temp.${name}`,
  });
  await rehearsal.query(`create temp table ${name} (like ${database.documents} including all)`);
  await rehearsal.query(`insert into pg_temp.${name} select * from ${database.documents}`);
  return rehearsal;
}

interface PlannerOptions extends PlanOptions {
  readonly database: Database;
  readonly graph: Graph;
  readonly configs: ReadonlyMap<string, unknown>;
  readonly schema: SchemaPlan;
  readonly context: ModelContext;
  readonly codeOf: CodeOf;
  readonly llm: LlmSource;
  readonly directory: string;
  readonly documentsChange: boolean;
}

/** Plans one model after the other, upstreams first. */
class Planner {
  readonly models: ModelPlan[] = [];
  readonly #options: PlannerOptions;
  readonly #pending = new Set<string>();
  /** Tables and views that do not stand as they will. */
  readonly #unsettled: Set<string>;

  constructor(options: PlannerOptions) {
    this.#options = options;
    this.#unsettled = new Set([...options.schema.created, ...options.schema.altered]);
  }

  async add(resolved: ResolvedModel): Promise<void> {
    const { model, shape, upstreams } = resolved;
    const upstreamPending = upstreams.filter((upstream) => this.#pending.has(upstream));
    const job = await this.#job(resolved);
    const { rows, changed } = await this.#reasons(job);
    const units: Partial<Record<PlannedReason, number>> = {};
    for (const { reason, count } of rows) units[reason] = (units[reason] ?? 0) + count;
    const work = WORK_REASONS.reduce((sum, reason) => sum + (units[reason] ?? 0), 0);
    const isView = model.materialized === "view";
    if (work > 0 && isView) this.#unsettled.add(shape.name);
    // A view shows what documents there will be as soon as they are there.
    const showsChange = isView && this.#options.documentsChange && readsDocuments(resolved);
    if (work > 0 || (units.deleted ?? 0) > 0 || upstreamPending.length > 0 || showsChange)
      this.#pending.add(model.name);
    this.models.push({
      model: model.name,
      table: shape.name,
      form: shownForm(model),
      units,
      work,
      upstreamPending,
      changed,
      estimate: await this.#estimate(resolved, work),
      cost: await forecastCost(job, { work, isOtherModel: (units.llm ?? 0) > 0 }),
      ...(this.#options.rows === undefined
        ? {}
        : { rows: rows.flatMap(({ keys, reason }) => keys.map((key) => ({ key, reason }))) }),
    });
  }

  async #job(resolved: ResolvedModel): Promise<PlanningJob & FunctionJob> {
    const { database, configs, schema, context, codeOf, graph, llm, directory } = this.#options;
    const { model, shape } = resolved;
    return {
      database,
      resolved,
      context,
      config: configs.get(model.name),
      code: await codeOf(model.name),
      llm,
      scope: scopeOfModel(this.#options, resolved, graph),
      knownTables: new Set([...graph.values()].map((each) => each.shape.name)),
      isTableMissing: schema.created.includes(shape.name),
      directory,
      emit: () => undefined,
    };
  }

  async #reasons(job: PlanningJob): Promise<Reasons> {
    const { model, sources } = job.resolved;
    // What an upstream will only then have cannot be asked about yet.
    const isUnknown = sources.some(({ origin }) => origin.type === "model" && this.#unsettled.has(origin.shape.name));
    if (isUnknown && model.materialized !== "view") return { rows: [], changed: [] };
    return model.forEach === undefined ? wholeReasons(job) : this.#unitReasons(job);
  }

  async #unitReasons(job: PlanningJob): Promise<Reasons> {
    const { database, rows: most = 0 } = this.#options;
    const { plan } = await planUnits(job);
    const system = database.systemSchema;
    const parameters = new Parameters();
    const reasons = unitReasonsSql(plan, system, parameters);
    const limit = parameters.add(most);
    const rows = await database.query<ReasonRow>(
      `select reason, count(*)::int as count, array_agg(distinct program_hash) as programs,
         (array_agg(source_key order by source_key))[1:${limit}] as keys
       from (${reasons}) as unit group by reason`,
      parameters.values,
    );
    const programs = new Set(rows.filter(({ reason }) => isWork(reason)).flatMap((row) => row.programs));
    const changed = plan.program.known
      .filter(({ hash }) => programs.has(hash))
      .flatMap(({ difference }) => difference?.what ?? []);
    const listed = rows.map((row) => (isWork(row.reason) || row.reason === "deleted" ? row : { ...row, keys: [] }));
    return { rows: listed, changed: [...new Set(changed)].toSorted() };
  }

  // The mean of what is stored; units in flight share the time.
  async #estimate({ model }: ResolvedModel, work: number): Promise<Estimate | undefined> {
    if (work === 0) return undefined;
    const { database } = this.#options;
    const [row] = await database.query<{ mean: number | null; units: number }>(
      `select avg(duration_ms)::float8 as mean, count(*)::int as units from (
         select duration_ms from ${database.systemSchema}.unit_state where model = $1 and status = 'done' limit 10000) as unit`,
      [model.name],
    );
    if (row === undefined || row.mean === null) return undefined;
    const lanes = model.forEach === undefined ? 1 : Math.min(work, model.concurrency);
    return { ms: Math.round((row.mean * work) / lanes), basis: `mean of ${row.units}` };
  }
}

interface ReasonRow extends Record<string, unknown> {
  readonly reason: PlannedReason;
  readonly count: number;
  readonly programs: readonly string[];
  readonly keys: readonly string[];
}

interface Reasons {
  readonly rows: readonly ReasonRow[];
  readonly changed: readonly string[];
}

async function wholeReasons(job: PlanningJob): Promise<Reasons> {
  const { reason, what } = await planWhole(job);
  const keys = isWork(reason) ? [""] : [];
  return { rows: [{ reason, count: 1, programs: [], keys }], changed: isWork(reason) ? what : [] };
}

function readsDocuments({ sources }: ResolvedModel): boolean {
  return sources.some(({ origin }) => origin.type === "documents");
}

const isWork = (reason: PlannedReason) => (WORK_REASONS as readonly string[]).includes(reason);
