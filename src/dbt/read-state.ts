import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { UsageError } from "../core/errors.ts";
import type { Graph } from "../graph/build-graph.ts";
import type { ModelChange } from "../graph/selector-methods.ts";
import { kindOfChange } from "../project/model-changes.ts";
import type { Project } from "../project/project.ts";
import { differences, type StoredParts } from "../state/fingerprint.ts";
import { describeFingerprints } from "./model-fingerprints.ts";

interface StoredNode {
  readonly resource_type: string;
  readonly unique_id: string;
  readonly name: string;
  readonly alias: string;
  readonly schema: string;
  readonly attached_node?: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly meta: { readonly millrace?: { readonly program?: StoredParts } };
}

interface StoredManifest {
  readonly nodes: Readonly<Record<string, StoredNode>>;
}

interface StoredResults {
  readonly results: readonly { readonly unique_id: string; readonly status: string }[];
}

/** How models differ from those of the manifest in a folder. */
export async function changesSinceManifest(
  project: Project,
  graph: Graph,
  folder: string,
): Promise<ReadonlyMap<string, ReadonlySet<ModelChange>>> {
  const { nodes } = await readArtifact<StoredManifest>(folder, "manifest.json");
  const { registry, code } = project;
  const fingerprints = await describeFingerprints(project, graph, async (name) =>
    code.of(registry.get(name), registry.fileOf(name)),
  );
  const before = new Map(modelsOf(nodes).map((node) => [node.name, node]));
  return new Map(
    [...graph].map(([name, { shape }]) => {
      const node = before.get(name);
      const now = fingerprints.get(name);
      if (node === undefined || now === undefined) return [name, new Set<ModelChange>(["new"])];
      const stored = node.meta.millrace?.program;
      const found = stored === undefined ? ["body" as const] : differences(stored, now).flatMap(kindOfChange);
      return [name, new Set<ModelChange>([...found, ...(node.alias === shape.name ? [] : (["relation"] as const))])];
    }),
  );
}

/** The results of each model and its tests in the run whose results are in a folder. */
export async function resultsOfFolder(folder: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const { results } = await readArtifact<StoredResults>(folder, "run_results.json");
  const { nodes } = await readArtifact<StoredManifest>(folder, "manifest.json");
  const found = new Map<string, string[]>();
  for (const { unique_id: id, status } of results) {
    const node = nodes[nodes[id]?.attached_node ?? id];
    if (node === undefined) continue;
    const words = found.get(node.name) ?? [];
    found.set(node.name, [...words, status === "partial success" ? "partial" : status]);
  }
  return found;
}

function modelsOf(nodes: StoredManifest["nodes"]): readonly StoredNode[] {
  return Object.values(nodes).filter((node) => node.resource_type !== "test");
}

async function readArtifact<Content>(folder: string, file: string): Promise<Content> {
  const path = join(folder, file);
  try {
    return JSON.parse(await readFile(path, "utf8")) as Content;
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code === "ENOENT" ? "does not exist" : "cannot be read";
    throw new UsageError("STATE_NOT_FOUND", `${path} ${reason}.`, {
      cause: error,
      hint: "Give --state a folder with artifacts: `millrace run` writes them to target/; copy that folder to keep it.",
    });
  }
}
