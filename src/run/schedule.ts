import type { ErrorJson } from "../core/errors.ts";
import type { RunMode } from "../model/context.ts";
import type { Receipt } from "../state/results.ts";

/** What a run needs to know to schedule its models. */
export interface Schedule {
  readonly models: readonly {
    readonly name: string;
    readonly upstreams: readonly string[];
    /** Models that must end before this one begins, whatever their outcome. */
    readonly after?: readonly string[];
    /** It writes no rows and immediately shows what its upstreams have written. */
    readonly isView?: boolean;
  }[];
  readonly mode: RunMode;
  readonly stopOnError: boolean;
}

export type ModelOutcome =
  | { readonly model: string; readonly receipt: Receipt }
  | { readonly model: string; readonly error: ErrorJson }
  | { readonly model: string; readonly skipped: string };

/** Says why a model that waits for `upstreams` will not run; undefined while it still may. */
export function reasonToSkip(
  upstreams: readonly string[],
  outcomes: ReadonlyMap<string, ModelOutcome>,
  stopOnError: boolean,
): string | undefined {
  const missing = upstreams.find((upstream) => outcomes.has(upstream) && !hasReceipt(outcomes.get(upstream)));
  if (missing !== undefined)
    return "skipped" in (outcomes.get(missing) ?? {})
      ? `upstream ${missing} was skipped`
      : `upstream ${missing} failed`;
  const failed = stopOnError ? [...outcomes.values()].find((outcome) => "error" in outcome) : undefined;
  return failed === undefined ? undefined : `${failed.model} failed`;
}

/** True when a model that is not skipped may start. */
export function mayStart(
  { upstreams, after = [] }: Schedule["models"][number],
  outcomes: ReadonlyMap<string, ModelOutcome>,
): boolean {
  return upstreams.every((name) => hasReceipt(outcomes.get(name))) && after.every((name) => outcomes.has(name));
}

/**
 * True when all that a model waited for in this run was unchanged: it may have nothing to do either, and checking
 * costs less than running it.
 */
export function mayBeIdle(
  { upstreams }: Schedule["models"][number],
  models: Schedule["models"],
  outcomes: ReadonlyMap<string, ModelOutcome>,
): boolean {
  return upstreams.every((name) => {
    const outcome = outcomes.get(name);
    if (outcome === undefined || !("receipt" in outcome)) return false;
    const { rowsWritten, rowsDeleted } = outcome.receipt;
    if (rowsWritten + rowsDeleted > 0) return false;
    const view = models.find((model) => model.name === name && model.isView === true);
    return view === undefined || mayBeIdle(view, models, outcomes);
  });
}

export function hasReceipt(outcome: ModelOutcome | undefined): boolean {
  return outcome !== undefined && "receipt" in outcome;
}
