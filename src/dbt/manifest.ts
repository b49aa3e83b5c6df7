import type { Project } from "../project/project.ts";
import { describeArtifact } from "./artifact-metadata.ts";
import { type ArtifactNames, artifactNames } from "./artifact-names.ts";
import { exposureNode, modelNode, parentsOf, seedNode, sourceNode, testNode } from "./manifest-nodes.ts";
import { describeFingerprints } from "./model-fingerprints.ts";

export type Manifest = Awaited<ReturnType<typeof createManifest>>;

/** The project as dbt's `manifest.json`, version 12. No database is asked. */
export async function createManifest(project: Project, options: { readonly invocationId?: string } = {}) {
  const { registry, config, code } = project;
  const graph = project.graph();
  const names = artifactNames(project);
  // To bundle every model of a project would take longer than to list them.
  const fingerprints = await describeFingerprints(project, graph, (name) =>
    code.known(registry.get(name), registry.fileOf(name)),
  );
  const nodes: Record<string, ReturnType<typeof modelNode | typeof seedNode | typeof testNode>> = {};
  const parents: Record<string, readonly string[]> = {};
  for (const [name, resolved] of graph) {
    const fingerprint = fingerprints.get(name);
    if (fingerprint === undefined) continue;
    const file = registry.fileOf(name) ?? "";
    const create = resolved.model.seed === undefined ? modelNode : seedNode;
    const node = create(resolved, { names, file, fingerprint });
    nodes[node.unique_id] = node;
    parents[node.unique_id] = parentsOf(resolved, names);
    for (const test of resolved.model.tests) {
      const tested = testNode(resolved.model, test, { names, file });
      nodes[tested.unique_id] = tested;
      parents[tested.unique_id] = tested.depends_on.nodes;
    }
  }
  const tables = new Set(
    [...graph.values()].flatMap(({ sources }) =>
      sources.flatMap(({ origin }) => {
        if (origin.type === "model") return [];
        return [origin.type === "table" ? origin.table : "documents"];
      }),
    ),
  );
  const sources = [...tables].toSorted().map((table) => sourceNode(table, names));
  const exposures = config.exposures.map((exposure) => {
    const used = exposure.dependsOn.flatMap((name) => idOf(name, { graph, tables, names }));
    return exposureNode(exposure, { names, nodes: used });
  });
  for (const { unique_id: id } of sources) parents[id] = [];
  for (const { unique_id: id, depends_on: used } of exposures) parents[id] = used.nodes;
  return {
    metadata: {
      ...(await describeArtifact("manifest/v12", options.invocationId)),
      project_name: names.project,
      adapter_type: "postgres",
    },
    nodes,
    sources: byId(sources),
    exposures: byId(exposures),
    macros: {},
    docs: {},
    metrics: {},
    groups: {},
    selectors: Object.fromEntries(
      Object.entries(config.selectors).map(([name, definition]) => [name, { name, definition }]),
    ),
    disabled: {},
    parent_map: parents,
    child_map: invert(parents),
    group_map: {},
    saved_queries: {},
    semantic_models: {},
    unit_tests: {},
  };
}

function idOf(
  name: string,
  { graph, tables, names }: { graph: ReadonlyMap<string, unknown>; tables: ReadonlySet<string>; names: ArtifactNames },
): readonly string[] {
  if (graph.has(name)) return [names.modelId({ name })];
  return tables.has(name) ? [names.sourceId(name)] : [];
}

function byId<Node extends { readonly unique_id: string }>(nodes: readonly Node[]): Record<string, Node> {
  return Object.fromEntries(nodes.map((node) => [node.unique_id, node]));
}

function invert(parents: Readonly<Record<string, readonly string[]>>): Record<string, string[]> {
  const children: Record<string, string[]> = Object.fromEntries(Object.keys(parents).map((id) => [id, []]));
  for (const [child, ids] of Object.entries(parents)) for (const id of ids) children[id]?.push(child);
  return children;
}
