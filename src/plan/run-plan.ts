import type { DocumentSync } from "../documents/sync-documents.ts";
import type { ShownForm } from "../model/define-sql-model.ts";
import type { RunOptions } from "../run/run-options.ts";
import type { UnitReason } from "../run/units/unit-plan.ts";
import type { CostForecast } from "./forecast-cost.ts";
import type { PendingWork } from "./pending-work.ts";

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
  /** Units that are likely to come on top of `work` then; undefined where nothing says how many. */
  readonly pendingWork: PendingWork | undefined;
  /** Parameters and sources that differ, where they are the reason. */
  readonly changed: readonly string[];
  readonly estimate: Estimate | undefined;
  /** What calls to language models will cost, as far as known. */
  readonly cost: CostForecast | undefined;
  /** It asks language models, and the cost cannot be estimated yet. */
  readonly isCostUnknown: boolean;
  /** Units with something to do, in the order of their keys; present when they were asked for. */
  readonly rows?: readonly PlannedUnit[];
}

/** Expected duration of a model's work. */
export interface Estimate {
  /** The middle between the two. */
  readonly ms: number;
  readonly lowMs: number;
  readonly highMs: number;
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
