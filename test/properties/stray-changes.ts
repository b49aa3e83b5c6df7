import type { Database } from "../../src/database/connect.ts";
import { hasUnits, type ModelSpec, modelName, tableName } from "./model-spec.ts";

type Rows = ReadonlyMap<string, string>;

export interface Snapshot {
  /** Rows of a unit and its record, by model and unit; a model without a table is missing. */
  readonly models: ReadonlyMap<string, Rows>;
  readonly ofDocuments: ReadonlySet<string>;
}

export interface LimitedRun {
  readonly target: string;
  readonly models: readonly ModelSpec[];
  readonly documentIds: readonly string[];
}

/** Takes down what a run that is limited to documents finds. */
export async function takeSnapshot(database: Database, { target, models, documentIds }: LimitedRun): Promise<Snapshot> {
  const found = new Map<string, Rows>();
  for (const { index } of models.filter(worksInUnits)) {
    const table = `${target}.${tableName(index)}`;
    // What was a view is one until its model has run again.
    const [isTable] = await database.query("select from pg_class where oid = to_regclass($1) and relkind = 'r'", [
      table,
    ]);
    if (isTable === undefined) continue;
    const rows = await database.query<{ unit: string; text: string }>(
      `select unit, string_agg(text, e'\\n' order by text) as text from (
         select source_key as unit, jsonb_strip_nulls(to_jsonb(t))::text as text from ${table} t
         union all
         select source_key, to_jsonb(u)::text from millrace_${target}.unit_state u where model = $1) as each
       group by unit`,
      [modelName(index)],
    );
    found.set(modelName(index), new Map(rows.map(({ unit, text }) => [unit, text])));
  }
  const units = await database.query<{ unit: string }>(
    `select model || ' ' || source_key as unit from millrace_${target}.unit_state where document_id = any($1)`,
    [documentIds],
  );
  return { models: found, ofDocuments: new Set(units.map(({ unit }) => unit)) };
}

/** Units outside the scope of a limited run that it changed nevertheless. */
export async function strayChanges(database: Database, run: LimitedRun, before: Snapshot): Promise<readonly string[]> {
  const after = await takeSnapshot(database, run);
  const strays: string[] = [];
  for (const spec of run.models.filter(worksInUnits)) {
    const name = modelName(spec.index);
    const were = before.models.get(name);
    const are = after.models.get(name);
    if (were === undefined || are === undefined) continue;
    const inScope = await unitsOfDocuments(database, run, spec);
    for (const unit of new Set([...were.keys(), ...are.keys()])) {
      if (were.get(unit) === are.get(unit) || inScope.has(unit) || before.ofDocuments.has(`${name} ${unit}`)) continue;
      strays.push(`${name} ${unit}:\n  was ${were.get(unit) ?? "not there"}\n  is  ${are.get(unit) ?? "not there"}`);
    }
  }
  return strays;
}

const worksInUnits = ({ form }: ModelSpec) => hasUnits(form);

async function unitsOfDocuments(
  database: Database,
  { target, models, documentIds }: LimitedRun,
  { form, source, by }: ModelSpec,
): Promise<ReadonlySet<string>> {
  const { from } = source;
  const upstream = typeof from === "number" ? models.find(({ index }) => index === from) : undefined;
  const table =
    upstream === undefined
      ? from === "input"
        ? "public.input"
        : `millrace_${target}.documents`
      : `${target}.${tableName(upstream.index)}`;
  // A view is there as soon as its model has run.
  const [relation] = await database.query("select where to_regclass($1) is not null", [table]);
  if (relation === undefined) return new Set();
  const columns = by.map((key) => (key === "documentId" ? "document_id" : key));
  const keys = form.endsWith("group") ? columns : upstream?.isComposite === true ? ["owner", "part"] : ["id"];
  const key =
    keys.length === 1 ? `coalesce(${keys[0]}::text, '[null]')` : `jsonb_build_array(${keys.join(", ")})::text`;
  const rows = await database.query<{ unit: string }>(
    `select distinct ${key} as unit from ${table} where ${from === "documents" ? "id" : "document_id"} = any($1)`,
    [documentIds],
  );
  return new Set(rows.map(({ unit }) => unit));
}
