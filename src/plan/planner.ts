import type { Database } from "../database/connect.ts";
import type { Graph } from "../graph/build-graph.ts";
import type { ResolvedModel } from "../graph/resolved-model.ts";
import type { LlmSource } from "../llm/answers/llm-source.ts";
import type { ModelContext } from "../model/context.ts";
import { shownForm } from "../model/define-sql-model.ts";
import type { CodeOf } from "../run/active-run.ts";
import { scopeOfModel } from "../state/run-scope.ts";
import { meanUnitDuration } from "../state/unit-state.ts";
import { Parameters } from "../database/sql-text.ts";
import { type PlanningJob, planUnits } from "../run/units/plan-units.ts";
import type { FunctionJob } from "../run/units/unit-function.ts";
import { WORK_REASONS } from "../run/units/unit-plan.ts";
import { unitReasonsSql } from "../run/units/unit-query.ts";
import { planWhole } from "../run/whole-model.ts";
import type { SchemaPlan } from "../table/schema/schema-change.ts";
import { forecastCost } from "./forecast-cost.ts";
import { estimatePendingWork, type PendingWork, type UpstreamWork } from "./pending-work.ts";
import { type ProbedUnits, probeUnits } from "./probe-units.ts";
import type { Estimate, ModelPlan, PlannedReason, PlanOptions } from "./run-plan.ts";

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
export class Planner {
  readonly models: ModelPlan[] = [];
  readonly #options: PlannerOptions;
  /** Models that have work, with how much it is; where that cannot be said, or of a view, that of those above. */
  readonly #pending = new Map<string, readonly UpstreamWork[]>();
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
    const pendingWork = await this.#pendingWork(resolved, { upstreamPending, units, work });
    const probed = await this.#probe(job, { work, pendingWork });
    if (work > 0 || (units.deleted ?? 0) > 0 || upstreamPending.length > 0 || showsChange) {
      const isKnown = !isView && (upstreamPending.length === 0 || pendingWork !== undefined);
      const { low, high } = pendingWork ?? { low: 0, high: 0 };
      const { new: newUnits = 0, changed: changedUnits = 0 } = units;
      const all = { low: newUnits + changedUnits + low, high: work + high };
      const rowsPerUnit = probed?.rowsPerUnit;
      const above = upstreamPending.flatMap((upstream) => this.#pending.get(upstream) ?? []);
      this.#pending.set(model.name, isKnown ? [{ model: model.name, units: all, newUnits, rowsPerUnit }] : above);
    }
    const cost = await forecastCost(job, { work, pending: pendingWork, probed });
    const mayAsk = job.code.asksLlm && !job.llm.isOffline && (work > 0 || upstreamPending.length > 0);
    this.models.push({
      model: model.name,
      table: shape.name,
      form: shownForm(model),
      units,
      work,
      upstreamPending,
      pendingWork,
      changed,
      estimate: await this.#estimate(resolved, { work, pendingWork }),
      cost,
      isCostUnknown: mayAsk && cost === undefined,
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

  async #pendingWork(
    resolved: ResolvedModel,
    { upstreamPending, units, work }: Pick<ModelPlan, "upstreamPending" | "units" | "work">,
  ): Promise<PendingWork | undefined> {
    const pending = upstreamPending.flatMap((upstream) => this.#pending.get(upstream) ?? []);
    if (upstreamPending.length === 0) return undefined;
    const total = Object.values(units).reduce((sum, count) => sum + count, 0) - (units.deleted ?? 0);
    const workShare = total === 0 ? 0 : work / total;
    return estimatePendingWork(this.#options.database, resolved, { pending, workShare });
  }

  /** Runs a few units where that says something: what they ask, or how many rows a new table will have. */
  async #probe(
    job: PlanningJob & FunctionJob & { readonly isTableMissing?: boolean },
    { work, pendingWork }: { readonly work: number; readonly pendingWork: PendingWork | undefined },
  ): Promise<ProbedUnits | undefined> {
    const { model } = job.resolved;
    const asks = job.code.asksLlm && !job.llm.isOffline;
    if (work > 0) {
      const isRead = [...this.#options.graph.values()].some(({ upstreams }) => upstreams.includes(model.name));
      return asks || (job.isTableMissing === true && isRead && !job.code.asksLlm) ? probeUnits(job) : undefined;
    }
    if (!asks || pendingWork === undefined || this.#isUnknown(job)) return undefined;
    // Units that are there say which models they ask.
    return probeUnits({ ...job, context: { ...job.context, mode: "full" } });
  }

  // Rows that an upstream has yet to write cannot be probed.
  #isUnknown({ resolved }: PlanningJob): boolean {
    return resolved.sources.some(({ origin }) => origin.type === "model" && this.#unsettled.has(origin.shape.name));
  }

  async #reasons(job: PlanningJob): Promise<Reasons> {
    const { model } = job.resolved;
    if (this.#isUnknown(job) && model.materialized !== "view") return { rows: [], changed: [] };
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
      `select reason, count(*)::int as count, array_agg(distinct program_hash) as fingerprints,
         (array_agg(source_key order by source_key))[1:${limit}] as keys
       from (${reasons}) as unit group by reason`,
      parameters.values,
    );
    const fingerprints = new Set(rows.filter(({ reason }) => isWork(reason)).flatMap((row) => row.fingerprints));
    const changed = plan.fingerprint.known
      .filter(({ hash }) => fingerprints.has(hash))
      .flatMap(({ difference }) => difference?.what ?? []);
    const listed = rows.map((row) => (isWork(row.reason) || row.reason === "deleted" ? row : { ...row, keys: [] }));
    return { rows: listed, changed: [...new Set(changed)].toSorted() };
  }

  // The mean of what is stored; units in flight share the time.
  async #estimate(
    { model }: ResolvedModel,
    { work, pendingWork }: { readonly work: number; readonly pendingWork: PendingWork | undefined },
  ): Promise<Estimate | undefined> {
    const { low, high } = pendingWork ?? { low: 0, high: 0 };
    if (work + high === 0) return undefined;
    const { mean, units } = await meanUnitDuration(this.#options.database, model.name);
    if (mean === null) return undefined;
    const timeOf = (count: number) => {
      const lanes = model.forEach === undefined ? 1 : Math.max(1, Math.min(count, model.concurrency));
      return Math.round((mean * count) / lanes);
    };
    const [lowMs, highMs] = [timeOf(work + low), timeOf(work + high)];
    return { ms: Math.round((lowMs + highMs) / 2), lowMs, highMs, basis: `mean of ${units}` };
  }
}

interface ReasonRow extends Record<string, unknown> {
  readonly reason: PlannedReason;
  readonly count: number;
  readonly fingerprints: readonly string[];
  readonly keys: readonly string[];
}

interface Reasons {
  readonly rows: readonly ReasonRow[];
  readonly changed: readonly string[];
}

async function wholeReasons(job: PlanningJob): Promise<Reasons> {
  const { reason, what } = await planWhole(job);
  const keys = isWork(reason) ? [""] : [];
  return { rows: [{ reason, count: 1, fingerprints: [], keys }], changed: isWork(reason) ? what : [] };
}

function readsDocuments({ sources }: ResolvedModel): boolean {
  return sources.some(({ origin }) => origin.type === "documents");
}

const isWork = (reason: PlannedReason) => (WORK_REASONS as readonly string[]).includes(reason);
