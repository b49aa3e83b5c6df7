import { readdir } from "node:fs/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { AnyModel } from "../../src/model/any-model.ts";
import { createTestProject, type TestProject, type TestProjectOptions } from "millrace/testing";

const folder = fileURLToPath(new URL("../../examples/indexing/models/", import.meta.url));

let loaded: Promise<AnyModel[]> | undefined;

/** The models of the example, as its folder has them. */
async function loadModels(): Promise<AnyModel[]> {
  const files = await readdir(folder);
  const modules: object[] = await Promise.all(files.map((file) => import(pathToFileURL(`${folder}${file}`).href)));
  return modules.flatMap((each) => Object.values(each));
}

/** The example on documents of a test. */
export async function openIndexing(
  documents: Readonly<Record<string, string>>,
  config: TestProjectOptions["config"] = {},
): Promise<TestProject> {
  loaded ??= loadModels();
  return createTestProject({ models: await loaded, documents, config });
}

export async function indexDocuments(project: TestProject) {
  return project.project.runPipeline("indexing");
}

/** Tables and views that say what the documents are about, and how each is sorted. */
const TABLES = {
  indexing_document_sections: "document_id, section_id",
  indexing_section_extractions: "document_id, section_id",
  indexing_entity_mentions: "document_id, section_id, mention_number",
  indexing_entity_clusters: "name_id",
  indexing_entity_clustering: "cluster_id, name_id",
  indexing_entity_resolution: "name_id",
  indexing_claim_clustering: "cluster_id, claim_hash",
  indexing_claim_resolution: "cluster_id, claim_hash",
  entities: "entity_id",
  document_entities: "document_id, entity_id",
  entity_relationships: "source_entity_id, relationship_type, target_entity_id",
  claims: "claim_id",
  claim_entities: "claim_id, entity_id",
  entity_cooccurrence: "first_entity_id, second_entity_id",
} as const;

// When a row was written and by which run is no part of what it says.
const INCIDENTAL = [
  "workflow_id",
  "model_name",
  "source_key",
  "created_at",
  "updated_at",
  "llm_latency_ms",
  "llm_cached",
];

export type Graph = Record<keyof typeof TABLES, readonly Record<string, unknown>[]>;

/** All tables of the graph, ids included. */
export async function readGraph({ query }: Pick<TestProject, "query">): Promise<Graph> {
  const graph: Record<string, unknown> = {};
  for (const [table, order] of Object.entries(TABLES)) {
    const rows = await query(`select to_jsonb(t) - $1::text[] as row from ${table} t order by ${order}`, [INCIDENTAL]);
    graph[table] = rows.map(({ row }) => row);
  }
  return graph as Graph;
}

/** The graph of documents that no other run has seen. */
export async function rebuild(documents: Readonly<Record<string, string>>): Promise<Graph> {
  await using project = await openIndexing(documents);
  await indexDocuments(project);
  return await readGraph(project);
}
