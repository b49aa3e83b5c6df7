import { resolve } from "node:path";
import { UsageError } from "../core/errors.ts";
import type { Graph } from "../graph/build-graph.ts";
import { factsNeeded, selectModels } from "../graph/select-models.ts";
import type { NodeFacts } from "../graph/selector-methods.ts";
import { lastResults } from "../project/last-results.ts";
import { changesSinceRuns } from "../project/model-changes.ts";
import type { Project } from "../project/project.ts";
import { changesSinceManifest, resultsOfFolder } from "./read-state.ts";

export interface ProjectSelection {
  readonly select?: readonly string[];
  readonly exclude?: readonly string[];
  /** Folder with the manifest that `state:` compares with and the run results that `result:` means. */
  readonly state?: string | undefined;
  /** Called with every criterion that matches nothing. */
  readonly onWarning?: (message: string) => void;
}

/**
 * Names of the models of a project that selectors describe, upstreams first. Without a folder, `state:` compares with
 * what the stored rows were made by, and `result:` means the latest run.
 */
export async function selectInProject(project: Project, selection: ProjectSelection): Promise<readonly string[]> {
  const { select = [], exclude = [], state, onWarning } = selection;
  const { selectors, exposures } = project.config;
  const graph = project.graph();
  const needed = factsNeeded([...select, ...exclude], selectors);
  return selectModels(graph, {
    select,
    exclude,
    selectors,
    exposures,
    onWarning,
    fileOf: (model) => project.registry.fileOf(model),
    ...(await loadFacts(project, { graph, needed, state })),
  });
}

interface FactsOptions {
  readonly graph: Graph;
  readonly needed: ReturnType<typeof factsNeeded>;
  readonly state: string | undefined;
}

// The database is asked only by selectors about what is in it.
async function loadFacts(
  project: Project,
  { graph, needed, state }: FactsOptions,
): Promise<Pick<NodeFacts, "changes" | "results">> {
  const folder = state === undefined ? undefined : resolve(state);
  if (folder !== undefined && needed.size === 0) {
    throw new UsageError("STATE_UNUSED", "--state is given, but no selector uses it.", {
      hint: "For example: --select state:modified+ --state target-of-main.",
    });
  }
  const loadChanges = () =>
    folder === undefined ? changesSinceRuns(project, graph) : changesSinceManifest(project, graph, folder);
  const loadResults = () => (folder === undefined ? lastResults(project) : resultsOfFolder(folder));
  const [changes, results] = await Promise.all([
    needed.has("changes") ? loadChanges() : undefined,
    needed.has("results") ? loadResults() : undefined,
  ]);
  return { changes, results };
}
