import { MillraceError } from "../../core/errors.ts";
import { type DatabaseClient, quoteName } from "../../database/connect.ts";
import { applyStage, type RowCounts } from "../../table/write/apply-stage.ts";
import { DuplicateKeyError } from "../../table/write/duplicate-key-error.ts";
import { readExistingTables } from "../../table/schema/existing-tables.ts";
import { replaceRelation, viewComment } from "../../table/schema/own-views.ts";
import { findRepeatedKeys, hasWrittenKey } from "../../table/write/stage-conflicts.ts";
import { createQueryStage, prepareLargeStage, type Stage } from "../../table/write/stage.ts";
import { createTableSql, tableParts } from "../../table/schema/table-ddl.ts";
import { writtenColumns } from "../../table/encode/written-columns.ts";
import type { ModelJob } from "../units/model-job.ts";
import { checkColumns, describeQuery, queryOn } from "./query-columns.ts";
import type { RenderedQuery } from "../query/render-query.ts";

const MAX_CONFLICTS = 100;

/** Makes the rows of a query the table's own, inside the caller's transaction. */
export async function fillTable(client: DatabaseClient, job: ModelJob, query: RenderedQuery): Promise<RowCounts> {
  const { model, shape } = job.resolved;
  const given = await checkGiven(client, job, query);
  await replaceView(client, job);
  const stage = await createQueryStage(client, shape);
  await fillStage(client, job, { query, stage, given });
  if (hasWrittenKey(shape)) {
    await prepareLargeStage(client, stage, shape.primaryKey);
    const conflicts = await findRepeatedKeys(client, { shape, stage, most: MAX_CONFLICTS });
    if (conflicts.length > 0) throw new DuplicateKeyError(shape.name, conflicts);
  }
  const runId = job.context.runId;
  return applyStage(client, { shape, stage, strategy: model.writeStrategy, runId, modelName: model.name });
}

/** The columns that a query returns, checked against those of its table. */
export async function checkGiven(
  client: DatabaseClient,
  { resolved: { model, shape } }: Pick<ModelJob, "resolved">,
  query: RenderedQuery,
): Promise<ReadonlySet<string>> {
  const columns = await describeQuery(client, model.name, query);
  const expected = writtenColumns(shape).map((column) => ({
    ...column,
    isOptional: column.isBase || column.databaseDefault !== undefined || column.defaultSql !== undefined,
  }));
  checkColumns(model.name, shape, columns, expected);
  return new Set(columns.map(({ name }) => name));
}

export interface FillStageOptions {
  readonly query: RenderedQuery;
  readonly stage: Stage;
  readonly given: ReadonlySet<string>;
  /** Another column of the stage: its value, and what to join the rows of `query` with for it. */
  readonly more?: { readonly name: string; readonly value: string; readonly join: string };
}

/** Runs the query into the stage; returns the number of rows. */
export async function fillStage(
  client: DatabaseClient,
  { resolved: { model, shape } }: ModelJob,
  { query, stage, given, more }: FillStageOptions,
): Promise<number> {
  const values = writtenColumns(shape).flatMap(({ name, databaseDefault, defaultSql, givenColumn }) => {
    const isGiven = given.has(name);
    // Generated columns get their values when the rows go into the table.
    const otherwise = databaseDefault === undefined ? (defaultSql ?? "null") : "null";
    const value = [name, isGiven ? `query.${quoteName(name)}` : otherwise] as const;
    return givenColumn === undefined ? [value] : [value, [givenColumn, String(isGiven)] as const];
  });
  if (more !== undefined) values.push([more.name, more.value]);
  const names = values.map(([name]) => quoteName(name)).join(", ");
  const statement = `insert into ${stage.name} (${names}) select ${values.map(([, value]) => value).join(", ")} from (\n${query.text}\n) as query ${more?.join ?? ""}`;
  const { rowCount } = await queryOn(client, model.name, { statement, values: query.values, own: query.own });
  return rowCount ?? 0;
}

/** Where the model was a view before, the filled table replaces it atomically. */
export async function replaceView(client: DatabaseClient, job: ModelJob): Promise<void> {
  const { model, shape } = job.resolved;
  const existing = (await readExistingTables(runOn(client), [shape.name])).get(shape.name);
  if (existing?.kind !== "v") return;
  if (existing.comment !== viewComment(model.name)) throw notOwn(model.name, shape.name);
  const lost = await replaceRelation(client, { model: model.name, name: shape.name, kind: "view" }, async () => {
    await client.query(createTableSql(shape));
    for (const part of tableParts(shape)) await client.query(part.sql);
  });
  warnLost(job, lost);
}

/** Statements of a plan on one connection. */
export const runOn =
  (client: DatabaseClient) =>
  async (text: string, parameters: readonly unknown[] = []): Promise<never> =>
    (await client.query(text, [...parameters])).rows as never;

/** Reports views that were dropped along with what they read. */
export function warnLost(job: ModelJob, lost: readonly string[]): void {
  if (lost.length === 0) return;
  const message = `dropped ${lost.join(", ")}, which read columns that are gone; the models of these views will recreate them`;
  job.emit({ type: "log", model: job.resolved.model.name, level: "warning", message });
}

export function notOwn(model: string, view: string): MillraceError {
  return new MillraceError("VIEW_NOT_OWN", `There is a view "${view}" that model "${model}" did not create.`, {
    hint: `Rename the model or its table, or drop the view: drop view ${quoteName(view)};`,
    details: { model, view },
  });
}
