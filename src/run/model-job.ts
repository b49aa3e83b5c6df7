import type { Database } from "../database/connect.ts";
import type { ResolvedModel } from "../graph/resolve-model.ts";
import type { ModelContext } from "../model/context.ts";
import type { RowCounts } from "../table/apply-rows.ts";
import type { Lease } from "./lease.ts";
import type { Receipt } from "./results.ts";
import type { RunEventInput } from "./run-events.ts";
import type { RunStore } from "./run-store.ts";

/** Everything one attempt at one model needs. */
export interface ModelJob {
  readonly database: Database;
  readonly store: RunStore;
  readonly resolved: ResolvedModel;
  /** Resolved parameters. */
  readonly config: unknown;
  readonly programHash: string;
  readonly context: ModelContext;
  readonly lease: Lease;
  /** Folder of the project: documents are read relative to it. */
  readonly directory: string;
  readonly signal: AbortSignal;
  readonly emit: (event: RunEventInput) => void;
}

/** The part of a receipt that the runners of each form fill in. */
export type Outcome = Pick<Receipt, "status" | "unitsDone" | "unitsFailed" | "counts"> & RowCounts;
