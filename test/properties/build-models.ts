import { defineModel, defineSqlModel, documents, ref } from "millrace";
import { integer, pipelineTable, primaryKey, sql, text } from "millrace/schema";
import { z } from "zod";
import type { AnyModel } from "../../src/model/any-model.ts";
import type { Kit } from "./model-kit.ts";
import { hasUnits, isQuery, type ModelSpec, modelName, type ReadSpec, tableName } from "./model-spec.ts";
import { unitSql } from "./unit-sql.ts";

/** Fresh models for these specifications, as a project's files would declare them after an edit. */
export function buildModels(specs: readonly ModelSpec[], kit: Kit): readonly AnyModel[] {
  const models: AnyModel[] = [];
  for (const spec of specs) models.push(buildModel(spec, models, kit));
  return models;
}

function buildModel(spec: ModelSpec, upstreams: readonly AnyModel[], kit: Kit): AnyModel {
  const { index, form, behaviour } = spec;
  const shared = {
    name: modelName(index),
    table: tableOf(spec),
    ...(spec.version === undefined ? {} : { version: spec.version }),
  };
  const read = (source: ReadSpec) => readSource(source, spec, upstreams);
  const units = hasUnits(form) ? { forEach: "source", ...(spec.by.length > 0 ? { by: keysOf(spec) } : {}) } : {};
  if (isQuery(form)) {
    return defineSqlModel({
      ...shared,
      ...units,
      materialized: form === "view" ? "view" : "table",
      sources: {
        source: read(spec.source),
        ...(spec.second === undefined ? {} : { second: read(spec.second) }),
        ...(spec.side === undefined ? {} : { side: read(spec.side) }),
      },
      sql: (sources: Record<string, unknown>) => (hasUnits(form) ? unitSql : querySql)(spec, sources),
    } as never);
  }
  const model: unknown = defineModel({
    ...shared,
    ...units,
    concurrency: spec.concurrency,
    config: z.object({ factor: z.number().default(1) }),
    sources: {
      source: read(spec.source),
      ...(form === "table" && spec.second !== undefined ? { second: read(spec.second) } : {}),
      ...(form !== "table" && spec.side !== undefined ? { side: read(spec.side) } : {}),
    },
    run: functionOf(spec, kit, form as "row" | "group" | "table", behaviour),
  } as never);
  return model as AnyModel;
}

// What is hidden in a closure is not part of a function's text; a version then has to say that it has changed.
function functionOf(
  { index, version }: ModelSpec,
  kit: Kit,
  form: "row" | "group" | "table",
  behaviour: ModelSpec["behaviour"],
): unknown {
  if (version !== undefined) return async (given: never) => kit[form]({ index }, behaviour, given);
  const text = `async (given) => kit.${form}({ index: ${index} }, ${JSON.stringify(behaviour)}, given)`;
  // eslint-disable-next-line typescript/no-implied-eval -- a function of its own text is what an edit makes
  return new Function("kit", `return ${text}`)(kit) as unknown;
}

function tableOf({ index, isComposite, behaviour }: ModelSpec) {
  const columns = {
    id: isComposite ? text().notNull() : text().primaryKey(),
    owner: text().notNull(),
    part: integer().notNull(),
    grp: text(),
    documentId: text(),
    n: integer().notNull(),
    body: text().notNull(),
    ...(behaviour.hasExtra ? { extra: text() } : {}),
  };
  return pipelineTable(tableName(index), columns, (t) =>
    isComposite ? [primaryKey({ columns: [t.owner, t.part] })] : [],
  );
}

const isInput = (from: ReadSpec["from"]) => from === "input";

// What is read by its name has the names of the database.
function columnName(key: string, from: ReadSpec["from"], { isNamed }: ModelSpec): string {
  return (isInput(from) || isNamed) && key === "documentId" ? "document_id" : key;
}

const keysOf = (spec: ModelSpec) => spec.by.map((key) => columnName(key, spec.source.from, spec));

function readSource(read: ReadSpec & { match?: object | undefined }, spec: ModelSpec, upstreams: readonly AnyModel[]) {
  const { from } = read;
  if (from === "documents") return documents({ content: true });
  const name = (key: string) => columnName(key, from, spec);
  const named = (entries: object, value: (each: unknown) => unknown = (each) => each) =>
    Object.fromEntries(Object.entries(entries).map(([key, each]) => [name(key), value(each)]));
  const options = {
    ...(read.columns === undefined ? {} : { columns: read.columns.map(name) }),
    ...(read.where === undefined ? {} : { where: named(read.where) }),
    ...(read.match === undefined
      ? {}
      : { match: named(read.match, (unitKey) => columnName(String(unitKey), spec.source.from, spec)) }),
  };
  if (from === "input") return ref("input", options as never);
  const upstream = upstreams[from];
  if (upstream === undefined) throw new Error(`There is no model ${from}.`);
  return ref((spec.isNamed ? tableName(from) : upstream) as never, options as never);
}

function querySql({ source, second, behaviour }: ModelSpec, sources: Record<string, unknown>) {
  const { mode, salt, hasExtra } = behaviour;
  const from = sources["source"];
  const owner = isInput(source.from) ? sql`s.id` : sql`s.owner`;
  const part = isInput(source.from) ? sql`0` : sql`s.part`;
  const extra = hasExtra ? sql`, s.body || ${String(salt)} as extra` : sql``;
  if (mode === "filter") {
    return sql`select 'g' || coalesce(s.grp, '') || '/0' as id, 'g' || coalesce(s.grp, '') as owner, 0 as part, s.grp,
      null::text as document_id, (count(*)::int + ${salt}::int) % 97 as n,
      md5(string_agg(s.id || s.n || s.body, ',' order by s.id collate "C")) as body${hasExtra ? sql`, 'extra' as extra` : sql``}
      from ${from} s group by s.grp`;
  }
  if (mode === "split" && second !== undefined) {
    return sql`select s.id, ${owner} as owner, ${part} as part, s.grp, s.document_id,
      (s.n + (select count(*)::int from ${sources["second"]} t where t.grp = s.grp)) % 97 as n, s.body${extra}
      from ${from} s where (s.n + ${salt}::int) % 3 <> 0`;
  }
  return sql`select s.id, ${owner} as owner, ${part} as part, s.grp, s.document_id, s.n, s.body${extra}
    from ${from} s where (s.n + ${salt}::int) % 4 <> 0`;
}
