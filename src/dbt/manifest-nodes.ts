import type { ResolvedModel } from "../graph/resolved-model.ts";
import type { AnyDataTest, AnyModel } from "../model/any-model.ts";
import type { Exposure } from "../model/exposure.ts";
import { type FingerprintParts, storedParts } from "../state/fingerprint.ts";
import { dataColumns, type TableShape } from "../table/table-shape.ts";
import type { ArtifactNames } from "./artifact-names.ts";

export interface ModelNodeOptions {
  readonly names: ArtifactNames;
  readonly file: string;
  readonly fingerprint: FingerprintParts;
}

/** A model as a node of dbt's manifest; what dbt has no word for is under `meta.millrace`. */
export function modelNode(resolved: ResolvedModel, options: ModelNodeOptions) {
  const { model, shape } = resolved;
  const { names } = options;
  return {
    ...sharedNode(resolved, options),
    resource_type: "model" as const,
    language: model.form === "sql" ? "sql" : "typescript",
    primary_key: shape.primaryKey,
    depends_on: { macros: [], nodes: parentsOf(resolved, names) },
    refs: Object.values(resolved.sources).flatMap(({ origin }) =>
      origin.type === "model" ? [{ name: origin.model.name }] : [],
    ),
    sources: resolved.sources.flatMap(({ origin }) => {
      if (origin.type === "model") return [];
      const table = origin.type === "table" ? origin.table : "documents";
      return [[names.tableOf(table).source, names.tableOf(table).name]];
    }),
  };
}

/** A model that loads a file, as the seed that it is to dbt: it has no parents and no language. */
export function seedNode(resolved: ResolvedModel, options: ModelNodeOptions) {
  const shared = sharedNode(resolved, options);
  const config = { ...shared.config, materialized: "seed" };
  return { ...shared, resource_type: "seed" as const, config, depends_on: { macros: [] } };
}

function sharedNode({ model, shape }: ResolvedModel, { names, file, fingerprint }: ModelNodeOptions) {
  return {
    ...placeOf(model.name, file, names),
    unique_id: names.modelId(model),
    alias: shape.name,
    schema: names.schema,
    database: names.database,
    relation_name: names.relation(shape.name),
    checksum: { name: "sha256", checksum: fingerprint.code },
    description: model.description ?? "",
    tags: model.tags,
    meta: { ...model.meta, millrace: describeModel(model, fingerprint) },
    config: {
      enabled: true,
      materialized: materialized(model),
      tags: model.tags,
      meta: model.meta,
      ...(shape.primaryKey.length === 0 ? {} : { unique_key: shape.primaryKey }),
    },
    columns: describeColumns(shape),
  };
}

/** A data test of a model. */
export function testNode(model: AnyModel, test: AnyDataTest, { names, file }: Omit<ModelNodeOptions, "fingerprint">) {
  const kind = /^\w+/.exec(test.name)?.[0] ?? test.name;
  return {
    ...placeOf(`${model.name}.${test.name}`, file, names),
    name: test.name,
    resource_type: "test" as const,
    unique_id: names.testId(model.name, test.name),
    alias: test.name,
    schema: names.schema,
    database: names.database,
    checksum: { name: "none", checksum: "" },
    attached_node: names.modelId(model),
    test_metadata: { name: kind, kwargs: { columns: test.columns } },
    ...(test.columns.length === 1 ? { column_name: test.columns[0] } : {}),
    config: { enabled: true, severity: test.severity, warn_if: `>= ${test.warnIf}`, error_if: `>= ${test.errorIf}` },
    depends_on: { macros: [], nodes: [names.modelId(model)] },
  };
}

/** A table that no model fills, or the documents. */
export function sourceNode(table: string, names: ArtifactNames) {
  const { source, schema, name } = names.tableOf(table);
  return {
    ...placeOf(name, "millrace.config.ts", names),
    resource_type: "source" as const,
    unique_id: names.sourceId(table),
    source_name: source,
    source_description: "",
    loader: "",
    identifier: name,
    schema: table === "documents" ? "millrace" : schema,
    database: names.database,
    relation_name: names.relation(table),
  };
}

export function exposureNode(
  exposure: Exposure,
  { names, nodes }: { readonly names: ArtifactNames; readonly nodes: readonly string[] },
) {
  const { name, type, owner, description, label, url, maturity, tags, meta } = exposure;
  return {
    ...placeOf(name, "millrace.config.ts", names),
    resource_type: "exposure" as const,
    unique_id: names.exposureId(name),
    type,
    owner,
    description,
    tags,
    meta,
    ...(label === undefined ? {} : { label }),
    ...(url === undefined ? {} : { url }),
    ...(maturity === undefined ? {} : { maturity }),
    depends_on: { macros: [], nodes },
  };
}

/** Ids of what a model reads: models, and tables of others. */
export function parentsOf({ sources }: ResolvedModel, names: ArtifactNames): readonly string[] {
  const ids = sources.map(({ origin }) => {
    if (origin.type === "model") return names.modelId(origin.model);
    return names.sourceId(origin.type === "table" ? origin.table : "documents");
  });
  return [...new Set(ids)];
}

function placeOf(name: string, file: string, names: ArtifactNames) {
  return {
    name,
    package_name: names.project,
    path: file,
    original_file_path: file,
    fqn: [names.project, ...name.split(".")],
  };
}

function describeModel(model: AnyModel, fingerprint: FingerprintParts) {
  const { form, writeStrategy, forEach, by, owner, onChange, concurrency, version } = model;
  const known = {
    form,
    writeStrategy,
    forEach,
    by,
    owner,
    onChange,
    concurrency,
    version,
    program: storedParts(fingerprint),
  };
  return Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined));
}

function materialized({ forEach, materialized }: AnyModel): string {
  return forEach === undefined ? materialized : "incremental";
}

function describeColumns(shape: TableShape) {
  const columns = dataColumns(shape).map(({ name, sqlType, notNull }): [string, object] => [
    name,
    {
      name,
      description: "",
      data_type: sqlType,
      meta: {},
      tags: [],
      constraints: notNull ? [{ type: "not_null" }] : [],
    },
  ]);
  return Object.fromEntries(columns);
}
