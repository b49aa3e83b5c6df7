import type { Project } from "../project/project.ts";
import type { SourceFreshness } from "../project/source-freshness.ts";
import { describeArtifact } from "./artifact-metadata.ts";
import { artifactNames } from "./artifact-names.ts";
import { type OnWarning, writeArtifact } from "./write-artifact.ts";

export interface SourcesArtifact {
  readonly results: readonly SourceFreshness[];
  readonly durationMs: number;
}

/** Writes `sources.json`, version 3. */
export async function writeSourcesArtifact(
  project: Project,
  artifact: SourcesArtifact,
  onWarning: OnWarning,
): Promise<void> {
  const { sourceId } = artifactNames(project);
  const create = async () => ({
    metadata: await describeArtifact("sources/v3"),
    results: artifact.results.map((result) => sourceResult(result, sourceId(result.source))),
    elapsed_time: artifact.durationMs / 1000,
  });
  await writeArtifact(project.directory, "sources.json", { create, onWarning });
}

function sourceResult(result: SourceFreshness, id: string): object {
  if (result.status === "runtime error") return { unique_id: id, status: result.status, error: result.error };
  const { status, maxLoadedAt, checkedAt, warnAfter, errorAfter, durationMs } = result;
  return {
    unique_id: id,
    status,
    max_loaded_at: maxLoadedAt.toISOString(),
    snapshotted_at: checkedAt.toISOString(),
    max_loaded_at_time_ago_in_s: (checkedAt.getTime() - maxLoadedAt.getTime()) / 1000,
    criteria: {
      ...(warnAfter === undefined ? {} : { warn_after: warnAfter }),
      ...(errorAfter === undefined ? {} : { error_after: errorAfter }),
    },
    adapter_response: {},
    timing: [],
    thread_id: "main",
    execution_time: durationMs / 1000,
  };
}
