import { type DatabaseClient, quoteName } from "../../database/connect.ts";
import { readExistingTables } from "../../table/schema/existing-tables.ts";
import { commentSql, findObstacle, replaceRelation, viewComment } from "../../table/schema/own-views.ts";
import { blockedError } from "../../table/schema/schema-change.ts";
import { dataColumns, hasColumns } from "../../table/table-shape.ts";
import type { ModelJob } from "../units/model-job.ts";
import { checkColumns, describeQuery, queryOn } from "./query-columns.ts";
import { notOwn, runOn, warnLost } from "./query-table.ts";
import type { RenderedQuery } from "../query/render-query.ts";

/** Creates or replaces the view of a query, inside the caller's transaction. */
export async function makeView(client: DatabaseClient, job: ModelJob, query: RenderedQuery): Promise<void> {
  const { model, shape } = job.resolved;
  const { name } = shape;
  const columns = await describeQuery(client, model.name, query);
  if (hasColumns(shape)) checkColumns(model.name, shape, columns, dataColumns(shape));
  const find = async () => (await readExistingTables(runOn(client), [name])).get(name);
  const existing = await find();
  const create = async (how = "create") => {
    const statement = `${how} view ${quoteName(name)} as\n${query.text}`;
    await queryOn(client, model.name, { statement, values: [], own: query.own });
    await client.query(commentSql(quoteName(name), viewComment(model.name)));
  };
  if (existing === undefined) return create();
  if (existing.kind === "r" || existing.kind === "p") {
    // The lock keeps others from filling the table between the check and the drop.
    await client.query(`lock table ${quoteName(name)} in access exclusive mode`);
  }
  const obstacle = await findObstacle(runOn(client), shape, existing);
  if (obstacle !== undefined) throw blockedError([{ table: name, ...obstacle }]);
  const kind = existing.kind === "v" ? "view" : "table";
  if (kind === "view") {
    if (existing.comment !== viewComment(model.name)) throw notOwn(model.name, name);
    // Columns can be appended to a view; any other change needs a new view.
    const isSame = existing.columns.every(
      (column, index) => columns[index]?.name === column.name && columns[index].type === column.sqlType,
    );
    if (isSame) return create("create or replace");
  }
  warnLost(job, await replaceRelation(client, { model: model.name, name, kind }, create));
}
