import type { Database, DatabaseClient } from "../../database/connect.ts";
import type { ResolvedModel } from "../../graph/resolved-model.ts";
import type { LlmSource } from "../../llm/answers/llm-source.ts";
import type { CodeFingerprint } from "../../model/code/code-fingerprint.ts";
import type { ModelContext } from "../../model/context.ts";
import type { RowCounts } from "../../table/write/apply-stage.ts";
import type { AskedSignatures } from "../../state/asked-signatures.ts";
import type { Lease } from "../../state/lease.ts";
import type { FinishModelOptions, ModelRunStore } from "../../state/model-run-store.ts";
import type { Receipt } from "../../state/results.ts";
import type { RunEventInput } from "../../state/run-events.ts";
import type { RunScope } from "../../state/run-scope.ts";

/** Everything one attempt at one model needs. */
export interface ModelJob {
  readonly database: Database;
  readonly modelRuns: ModelRunStore;
  readonly resolved: ResolvedModel;
  /** Resolved parameters. */
  readonly config: unknown;
  readonly code: CodeFingerprint;
  readonly llm: LlmSource;
  readonly asked: AskedSignatures;
  /** Limits of the run besides its documents. */
  readonly scope: RunScope;
  readonly context: ModelContext;
  readonly lease: Lease;
  /** Folder of the project: documents are read relative to it. */
  readonly directory: string;
  /** Tables that the run has checked before it started. */
  readonly knownTables: ReadonlySet<string>;
  readonly signal: AbortSignal;
  readonly emit: (event: RunEventInput) => void;
  /** Stores the receipt and gives the lease back; the last thing an attempt does. */
  readonly finish: (
    client: Pick<DatabaseClient, "query">,
    outcome: Outcome,
    rows: RowCounts,
    recordWholeSql?: FinishModelOptions["recordWholeSql"],
  ) => Promise<Receipt>;
}

/** What a receipt contains besides counts, which the database knows. */
export type Outcome = Pick<Receipt, "status" | "counts" | "unitsWaiting">;

export const NO_ROWS: RowCounts = { rowsWritten: 0, rowsDeleted: 0, rowsUnchanged: 0 };
