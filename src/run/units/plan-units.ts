import { allInOrder } from "../../core/all-in-order.ts";
import { MillraceError } from "../../core/errors.ts";
import type { ResolvedModel } from "../../graph/resolved-model.ts";
import { unitKeyProblem } from "../../graph/unit-key-columns.ts";
import { allDocuments } from "../../model/context.ts";
import type { AnyModel } from "../../model/any-model.ts";
import { bindSource } from "../../sources/bind-source.ts";
import type { BoundColumn, BoundSource } from "../../sources/bound-source.ts";
import type { ModelJob } from "./model-job.ts";
import { loadStoredModel } from "../../state/stored-model.ts";
import { createFingerprint, describeParts } from "../../state/fingerprint.ts";
import { queryFingerprint } from "../query/query-fingerprint.ts";
import { checkViewKey } from "./view-key.ts";
import type { GroupMembers, UnitPlan } from "./unit-plan.ts";

export type PlanningJob = Pick<
  ModelJob,
  "database" | "resolved" | "context" | "config" | "code" | "llm" | "scope" | "knownTables" | "directory"
> & { readonly isTableMissing?: boolean };

/** Finds out what a unit model's units are and what, besides their rows, decides their output. */
export async function planUnits(
  job: PlanningJob,
): Promise<{ readonly plan: UnitPlan; readonly sources: readonly BoundSource[] }> {
  const { resolved, context, database, scope } = job;
  const { model } = resolved;
  const sources = await allInOrder(
    resolved.sources.map((source) => bindSource(source, { ...job, reader: model.name })),
  );
  const source = sources.find((each) => each.name === model.forEach);
  if (source === undefined)
    throw new MillraceError("SOURCE_NOT_FOUND", `Model "${model.name}" has no source "${model.forEach}".`);
  const keys = unitKeys(model, source);
  if (source.isView && model.by === undefined) await checkViewKey(database, source, model.name);
  if (model.form === "sql") checkUnitKey(resolved, source, keys);
  const tracked = sources.filter((each) => each !== source && !each.untracked);
  const state = await loadStoredModel(database, {
    model: model.name,
    sideInputs: tracked.filter((each) => each.match.length === 0),
  });
  const code = model.form === "sql" ? queryFingerprint(job) : job.code;
  const plan = {
    model: model.name,
    source,
    keys,
    isGroup: model.by !== undefined,
    members: membersOf(resolved),
    matched: tracked.filter((each) => each.match.length > 0),
    fingerprint: createFingerprint(
      describeParts(model, { ...job, code, sideInputs: state.sideInputs }),
      state.fingerprints,
      model.onChange,
    ),
    keepsOutput: model.onChange === "keep",
    isTableMissing: job.isTableMissing ?? false,
    scope: {
      documentIds: context.documentIds === allDocuments ? undefined : context.documentIds,
      fullRunId: context.mode === "full" ? context.runId : undefined,
      sample: scope.sample,
      retry: scope.retry === undefined ? undefined : { codes: scope.retry.codes },
    },
  };
  return { plan, sources };
}

function membersOf({ model, sources, ancestors }: ResolvedModel): GroupMembers | undefined {
  if (model.by === undefined || model.incomplete === "process" || ancestors.length === 0) return undefined;
  const origin = sources.find(({ name }) => name === model.forEach)?.origin;
  const isWritten = origin?.type === "model" && origin.model.materialized !== "view";
  return { ancestors, writer: isWritten ? origin.model.name : undefined };
}

/** The columns of a source that make up a unit's key. */
export function unitKeys(model: AnyModel, source: BoundSource): readonly BoundColumn[] {
  const keys = model.by === undefined ? source.primaryKey : model.by.map((key) => source.find(key));
  if (keys.length > 0) return keys;
  throw new MillraceError(
    "PRIMARY_KEY_MISSING",
    `Source "${source.name}" of model "${model.name}" has no primary key, so Millrace cannot identify its rows.`,
    { hint: "Give the table a primary key, or group its rows with `by`." },
  );
}

// Nothing is known about an external table before this.
function checkUnitKey({ model, shape, sources }: ResolvedModel, { name }: BoundSource, keys: readonly BoundColumn[]) {
  const isDocuments = sources.some((source) => source.name === name && source.origin.type === "documents");
  const problem = unitKeyProblem(shape, keys, { name, isDocuments });
  if (problem === undefined) return;
  throw new MillraceError(problem.code, `Model "${model.name}": ${problem.message}`, {
    hint: "Add the column to the model's table, and select it in its query.",
  });
}
