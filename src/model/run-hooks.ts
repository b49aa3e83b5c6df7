interface HookRun {
  readonly runId: string;
  readonly pipeline: string;
  /** Asks the project's database. */
  readonly query: (text: string, parameters?: readonly unknown[]) => Promise<Record<string, unknown>[]>;
}

/** A run that is about to begin. */
export interface RunStart extends HookRun {
  readonly mode: "delta" | "full";
  /** Names of its models, in their order. */
  readonly models: readonly string[];
}

/** A run that has ended. */
export interface RunEnd extends HookRun {
  readonly status: string;
  readonly durationMs: number;
  readonly models: Readonly<Record<string, { readonly status: string; readonly rowsWritten: number }>>;
  readonly errors: Readonly<Record<string, { readonly code: string; readonly message: string }>>;
}

/** Called before the first model; when it throws, no model runs. */
export type OnRunStart = (run: RunStart) => void | Promise<void>;
/** Called after the last model, however the run ended; when it throws, that is a warning. */
export type OnRunEnd = (run: RunEnd) => void | Promise<void>;
