import type { Project } from "../project/project.ts";
import type { RunResult } from "../state/results.ts";
import { createManifest } from "./manifest.ts";
import { createRunResults } from "./run-results.ts";
import { type OnWarning, writeArtifact } from "./write-artifact.ts";

/** Writes the manifest of a project: `target/manifest.json`. */
export async function writeManifest(project: Project, onWarning: OnWarning): Promise<void> {
  await writeArtifact(project.directory, "manifest.json", { create: () => createManifest(project), onWarning });
}

/** Writes the results of a run: `target/run_results.json`, beside the manifest that its ids mean. */
export async function writeRunArtifacts(project: Project, result: RunResult, onWarning: OnWarning): Promise<void> {
  const create = () => createManifest(project, { invocationId: result.runId });
  await writeArtifact(project.directory, "manifest.json", { create, onWarning });
  await writeArtifact(project.directory, "run_results.json", {
    create: () => createRunResults(project, result),
    onWarning,
  });
}
