import { MillraceError, UsageError } from "../../core/errors.ts";
import { didYouMean } from "../../core/text.ts";
import type { Database } from "../../database/connect.ts";
import type { DocumentFilters } from "../../model/context.ts";

/** Where a filter looks. A project has these tables, or views, when its models fill them under these names. */
interface GraphFilter {
  readonly form: string;
  readonly colons: number;
  readonly columns: Readonly<Record<string, readonly string[]>>;
  /** Gives `name` and `document_id`. */
  readonly sql: string;
}

type GraphFilterName = "inCluster" | "withEntity" | "withRelationship";

const FILTERS: Readonly<Record<GraphFilterName, GraphFilter>> = {
  inCluster: {
    form: "the cluster's name",
    colons: 0,
    columns: { document_clusters: ["document_id", "cluster_name"] },
    sql: "select cluster_name as name, document_id from document_clusters",
  },
  withEntity: {
    form: "type:name",
    colons: 1,
    columns: {
      entities: ["entity_id", "entity_type", "canonical_name"],
      document_entities: ["document_id", "entity_id"],
    },
    sql: `select e.entity_type || ':' || e.canonical_name as name, d.document_id
      from entities e join document_entities d using (entity_id)`,
  },
  withRelationship: {
    form: "name:relationship:name",
    colons: 2,
    columns: {
      entities: ["entity_id", "canonical_name"],
      entity_relationships: ["source_entity_id", "relationship_type", "target_entity_id", "document_ids"],
    },
    sql: `select s.canonical_name || ':' || r.relationship_type || ':' || t.canonical_name as name, d.document_id
      from entity_relationships r
      join entities s on s.entity_id = r.source_entity_id
      join entities t on t.entity_id = r.target_entity_id
      cross join lateral jsonb_array_elements_text(r.document_ids) as d (document_id)`,
  },
};

const NAMES = Object.keys(FILTERS) as readonly GraphFilterName[];

/** Documents that all given filters by cluster, entity and relationship let pass; undefined when none is given. */
export async function resolveGraphFilters(
  database: Database,
  filters: DocumentFilters,
): Promise<readonly string[] | undefined> {
  let passing: ReadonlySet<string> | undefined;
  for (const name of NAMES) {
    const value = filters[name];
    if (value === undefined) continue;
    const found = new Set(await findDocuments(database, name, value));
    passing = passing === undefined ? found : new Set([...passing].filter((id) => found.has(id)));
  }
  return passing === undefined ? undefined : [...passing];
}

async function findDocuments(database: Database, filter: GraphFilterName, value: string): Promise<readonly string[]> {
  const { form, colons, sql } = FILTERS[filter];
  if (value.trim() === "" || value.split(":").length <= colons) {
    throw new UsageError("FILTER_INVALID", `${filter}: "${value}" is not of the form ${form}.`, {
      details: { filter },
    });
  }
  await requireTables(database, filter);
  const rows = await database.query<{ id: string }>(
    `select distinct document_id as id from (${sql}) as graph where lower(name) = lower($1)`,
    [value],
  );
  if (rows.length > 0) return rows.map(({ id }) => id);
  const known = await database.query<{ name: string }>(`select distinct name from (${sql}) as graph limit 5000`);
  const names = known.map(({ name }) => name);
  throw new UsageError("FILTER_UNKNOWN", `${filter}: no document has "${value}".${didYouMean(value, names)}`, {
    hint: `Give it as ${form}; \`millrace show ${Object.keys(FILTERS[filter].columns)[0]}\` shows what there is.`,
    details: { filter },
  });
}

async function requireTables(database: Database, filter: GraphFilterName): Promise<void> {
  for (const [table, columns] of Object.entries(FILTERS[filter].columns)) {
    const found = await database.query<{ name: string }>(
      "select attname as name from pg_attribute where attrelid = to_regclass($1) and attnum > 0 and not attisdropped",
      [table],
    );
    const missing = columns.filter((column) => found.every(({ name }) => name !== column));
    if (missing.length === 0) continue;
    const what = found.length === 0 ? "does not exist" : `has no column ${missing.join(", ")}`;
    throw new MillraceError("FILTER_NOT_AVAILABLE", `${filter} looks in table "${table}", which ${what}.`, {
      hint: `Let a model fill a table or view "${table}" with the columns ${columns.join(", ")}, and run it first.`,
      details: { filter, table },
    });
  }
}
