import { Database } from "../database/connect.ts";
import { resolveDocumentFilters } from "../documents/filters/document-filters.ts";
import type { LlmSource } from "../llm/answers/llm-source.ts";
import { allDocuments, type ModelContext } from "../model/context.ts";
import type { Pipeline } from "../model/pipeline.ts";
import type { CodeOf } from "../run/active-run.ts";
import { configsOf, graphOf, type RunnableProject, syncRunDocuments } from "../run/prepare-run.ts";
import { blockedError, planSchemaChanges } from "../table/schema/schema-change.ts";
import { Planner } from "./planner.ts";
import type { PlanOptions, RunPlan } from "./run-plan.ts";

/** Shows what a run would do. Nothing is changed: documents are compared in a temporary table. */
export async function planRun(
  project: RunnableProject,
  options: PlanOptions & {
    readonly database: Database;
    readonly pipeline: Pipeline;
    readonly codeOf: CodeOf;
    readonly llm: LlmSource;
  },
): Promise<RunPlan> {
  const { pipeline, filters = {}, mode = "delta", settings = {}, metadata = {} } = options;
  const graph = graphOf(project, pipeline);
  const configs = configsOf(project, graph, settings);
  const shapes = [...graph.values()].map(({ shape }) => shape);
  const schema = await planSchemaChanges(options.database, shapes);
  if (schema.blocked.length > 0) throw blockedError(schema.blocked);
  await using database = await openRehearsal(options.database, project);
  const documents = await syncRunDocuments({ ...options, project, database, graph });
  const { directory } = project;
  const declared = project.config.documentFilters;
  const documentIds = await resolveDocumentFilters({ database, directory, filters, declared, sample: options.sample });
  const context: ModelContext = { runId: "plan", mode, filters, documentIds: documentIds ?? allDocuments, metadata };
  const documentsChange = documents !== undefined && documents.added + documents.changed + documents.removed > 0;
  const planner = new Planner({ ...options, documentsChange, directory, database, graph, configs, schema, context });
  for (const resolved of graph.values()) await planner.add(resolved);
  return { pipeline: pipeline.name, mode, documents, schema: schema.statements, models: planner.models };
}

// One connection, because no other sees the temporary table.
async function openRehearsal(database: Database, { config }: RunnableProject): Promise<Database> {
  const name = "millrace_documents";
  const rehearsal = new Database({
    url: database.url,
    target: config.target,
    maxConnections: 1,
    documents: `pg_temp.${name}`,
  });
  await rehearsal.query(`create temp table ${name} (like ${database.documents} including all)`);
  await rehearsal.query(`insert into pg_temp.${name} select * from ${database.documents}`);
  return rehearsal;
}
