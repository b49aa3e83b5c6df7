import type { BoundColumn, BoundSource } from "../../sources/bound-source.ts";
import type { Fingerprint } from "../../state/fingerprint.ts";

/** What decides which units a model has and what they are made of. */
export interface UnitPlan {
  readonly model: string;
  readonly source: BoundSource;
  /** Columns whose values name a unit: the primary key, or the columns of `by`. */
  readonly keys: readonly BoundColumn[];
  readonly isGroup: boolean;
  /** There for groups that wait for members that failed above. */
  readonly members: GroupMembers | undefined;
  /** Sources of which a unit sees only the matching rows; changes of these count. */
  readonly matched: readonly BoundSource[];
  readonly fingerprint: Fingerprint;
  /** Changes of the fingerprint leave output as it is. */
  readonly keepsOutput: boolean;
  /** The table does not exist, whatever the ledger says. */
  readonly isTableMissing: boolean;
  readonly scope: UnitScope;
}

/** Where the rows of a group are from. */
export interface GroupMembers {
  /** All models above. */
  readonly ancestors: readonly string[];
  /** The model whose table the group's rows are in, where they say which unit wrote them. */
  readonly writer: string | undefined;
}

/** Which units a run covers. */
export interface UnitScope {
  /** Document ids of a limited run; undefined when it is not limited. */
  readonly documentIds: readonly string[] | undefined;
  /** A run that takes every unit, once. */
  readonly fullRunId: string | undefined;
  /** At most so many units, always the same ones. */
  readonly sample: number | undefined;
  /** Only units that failed, all of them or those with one of these codes. */
  readonly retry: { readonly codes: readonly string[] | undefined } | undefined;
}

/** Why a unit will run, or why it will not. */
export type UnitReason = WorkReason | (typeof IDLE_REASONS)[number];

/** Why nothing is done. */
export const IDLE_REASONS = ["waiting", "quarantined", "kept", "unchanged"] as const;

export const isIdle = (reason: UnitReason) => (IDLE_REASONS as readonly UnitReason[]).includes(reason);

/** In the order of their weight. `full`: nothing changed, but the run takes everything. */
export const WORK_REASONS = [
  "new",
  "changed",
  "code",
  "config",
  "prompt",
  "llm",
  "schema",
  "upstream",
  "retry",
  "full",
] as const;
export type WorkReason = (typeof WORK_REASONS)[number];
