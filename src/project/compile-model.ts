import { sql, SQL } from "drizzle-orm";
import { UsageError } from "../core/errors.ts";
import type { Database } from "../database/connect.ts";
import type { ResolvedModel } from "../graph/resolved-model.ts";
import type { AnyModel } from "../model/any-model.ts";
import { definePipeline } from "../model/pipeline.ts";
import { bindDefinition } from "../sources/bind-source.ts";
import type { Condition } from "../sources/bound-source.ts";
import { graphOf } from "../run/prepare-run.ts";
import { inlineSql, renderSqlModel } from "../run/query/render-query.ts";
import { UNIT_ROWS } from "../run/query/sql-template.ts";
import { unitColumns } from "../run/sql/unit-rows.ts";
import { unitKeys } from "../run/units/plan-units.ts";
import { describeTable } from "../table/table-shape.ts";
import type { Workspace } from "./workspace.ts";

/** The query of a SQL model as the database would be asked it, with its values in it. One in units is asked about all. */
export async function compileModel(project: Workspace, model: AnyModel): Promise<string> {
  if (model.form !== "sql") {
    throw new UsageError("NOT_SQL", `Model "${model.name}" is a function, not a query.`, {
      hint: `\`millrace try ${model.name}\` shows what it returns for a few units.`,
    });
  }
  const resolved = graphOf(project, definePipeline({ name: model.name, models: [model] })).get(model.name);
  if (resolved === undefined) throw new UsageError("MODEL_NOT_FOUND", `Model "${model.name}" is not in this project.`);
  const database = await project.openDatabase();
  const { text } = renderSqlModel(resolved, database, { isInline: true });
  if (model.forEach === undefined) return text;
  const knownTables = new Set(project.registry.list().map(({ table }) => describeTable(table).name));
  return `${await unitRowsText(resolved, { database, knownTables })}\nselect * from (\n${text}\n) as query`;
}

/** What stands before the query, so that it has the rows of all units. */
async function unitRowsText(
  { model, sources }: ResolvedModel,
  options: { readonly database: Database; readonly knownTables: ReadonlySet<string> },
): Promise<string> {
  const each = sources.find(({ name }) => name === model.forEach);
  if (each === undefined)
    throw new UsageError("SOURCE_NOT_FOUND", `Model "${model.name}" has no source for its units.`);
  const { bound: source } = await bindDefinition(each, { ...options, reader: model.name });
  const columns = unitColumns({ keys: unitKeys(model, source), source }).map(
    ({ name }) => sql`${sql.identifier(name)}`,
  );
  const where =
    source.definition.length === 0 ? sql`` : sql` where ${sql.join(source.definition.map(isMet), sql` and `)}`;
  return inlineSql(
    sql`with ${sql.raw(UNIT_ROWS)} as (select ${sql.join(columns, sql`, `)} from ${sql.raw(source.relation)} as source${where})`,
  );
}

function isMet({ column, value }: Condition): SQL {
  const name = sql.identifier(column.name);
  if (value === null) return sql`${name} is null`;
  if (!Array.isArray(value)) return sql`${name} = ${column.encode(value)}`;
  const listed = value.filter((each) => each !== null).map((each) => sql`${column.encode(each)}`);
  const isOneOf = listed.length === 0 ? sql`false` : sql`${name} in (${sql.join(listed, sql`, `)})`;
  return listed.length < value.length ? sql`(${isOneOf} or ${name} is null)` : isOneOf;
}
