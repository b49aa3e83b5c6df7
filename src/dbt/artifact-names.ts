import { basename } from "node:path";
import type { AnyModel } from "../model/any-model.ts";
import type { Project } from "../project/project.ts";

/** How artifacts call the things of one project. */
export interface ArtifactNames {
  readonly project: string;
  readonly database: string;
  readonly schema: string;
  readonly modelId: (model: Pick<AnyModel, "name">) => string;
  readonly testId: (model: string, test: string) => string;
  /** A table of others by its name, which may say its schema. */
  readonly tableOf: (table: string) => ArtifactTable;
  readonly sourceId: (table: string) => string;
  readonly exposureId: (name: string) => string;
  readonly relation: (table: string) => string;
}

export interface ArtifactTable {
  readonly name: string;
  readonly schema: string;
  /** What dbt calls the source that it belongs to. */
  readonly source: string;
}

/** Source name of the documents; tables of others are in the target's schema. */
const DOCUMENTS_SOURCE = "millrace";

export function artifactNames({ config, directory, registry }: Project): ArtifactNames {
  const project = config.name ?? basename(directory);
  const schema = config.target ?? "public";
  const database = databaseName(config.database ?? process.env["DATABASE_URL"]);
  const tableOf = (table: string): ArtifactTable => {
    const [name = table, own = schema] = table.split(".").toReversed();
    return { name, schema: own, source: table === "documents" ? DOCUMENTS_SOURCE : own };
  };
  return {
    project,
    database,
    schema,
    modelId: ({ name }) => `${registry.find(name)?.seed === undefined ? "model" : "seed"}.${project}.${name}`,
    testId: (model, test) => `test.${project}.${model}.${test}`,
    tableOf,
    sourceId: (table) => `source.${project}.${tableOf(table).source}.${tableOf(table).name}`,
    exposureId: (name) => `exposure.${project}.${name}`,
    relation: (table) => `"${database}"."${tableOf(table).schema}"."${tableOf(table).name}"`,
  };
}

// The embedded server has one database, which is called like this.
function databaseName(url: string | undefined): string {
  const path = url === undefined ? undefined : /^[^?]*\/\/[^/]*\/([^?]+)/.exec(url)?.[1];
  return path === undefined ? "postgres" : decodeURIComponent(path);
}
