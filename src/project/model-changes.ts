import type { Graph } from "../graph/build-graph.ts";
import type { ModelChange } from "../graph/selector-methods.ts";
import { configsOf } from "../run/prepare-run.ts";
import {
  describeParts,
  differences,
  type FingerprintDifference,
  loadFingerprintsOfOutput,
} from "../state/fingerprint.ts";
import { queryFingerprint } from "../run/query/query-fingerprint.ts";
import type { Project } from "./project.ts";

const KIND: Readonly<Record<FingerprintDifference["reason"], ModelChange | undefined>> = {
  code: "body",
  prompt: "body",
  llm: "configs",
  config: "configs",
  schema: "relation",
  // Changed rows upstream are not a change of the model.
  upstream: undefined,
};

/** The part of a model that a difference of its fingerprints is in; none when it is in the rows upstream. */
export function kindOfChange({ reason }: Pick<FingerprintDifference, "reason">): readonly ModelChange[] {
  const kind = KIND[reason];
  return kind === undefined ? [] : [kind];
}

/** How models differ from what their stored output was made by. A model without output is new. */
export async function changesSinceRuns(
  project: Project,
  graph: Graph,
): Promise<ReadonlyMap<string, ReadonlySet<ModelChange>>> {
  const { database, runner } = await project.session();
  const { codeOf, llm } = runner;
  const stored = await loadFingerprintsOfOutput(database);
  const configs = configsOf(project, graph, {});
  const changes = new Map<string, ReadonlySet<ModelChange>>();
  for (const [name, resolved] of graph) {
    const fingerprints = stored.get(name);
    if (fingerprints === undefined) {
      changes.set(name, new Set(["new"]));
      continue;
    }
    const code = resolved.model.form === "sql" ? queryFingerprint({ resolved, database }) : await codeOf(name);
    const now = describeParts(resolved.model, { config: configs.get(name), code, llm, sideInputs: {} });
    const found = fingerprints.flatMap((parts) => differences({ ...parts, sides: {} }, now));
    changes.set(name, new Set(found.flatMap(kindOfChange)));
  }
  return changes;
}
