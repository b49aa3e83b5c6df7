import { quoteName } from "../database/connect.ts";
import type { ExistingTable, RunQuery } from "./existing-tables.ts";
import type { TableShape } from "./table-shape.ts";

const MARK = "Made by Millrace for model ";

/** True for a view that a model made: it can be made again, so that nothing is lost with it. */
export const isOwnComment = (comment: string | null) => comment?.startsWith(MARK) === true;

/** What a query stands in the way of: a table or view of its name that is no longer of the declared kind. */
export async function findObstacle(
  query: RunQuery,
  shape: TableShape,
  { kind, columns }: ExistingTable,
): Promise<{ readonly reason: string; readonly sql: string } | undefined> {
  const name = quoteName(shape.name);
  if (kind === "v") return undefined;
  if (kind === "m") return { reason: "a materialized view has this name", sql: `drop materialized view ${name}` };
  if (kind === "f") return { reason: "a foreign table has this name", sql: `drop foreign table ${name}` };
  const sql = `drop table ${name}`;
  if (!["workflow_id", "model_name", "source_key"].every((base) => columns.some((column) => column.name === base)))
    return { reason: "the model is a view, and a table that Millrace did not make has its name", sql };
  const [row] = await query<{ filled: boolean }>(`select exists (select from ${name}) as filled`);
  return row?.filled === false ? undefined : { reason: "the model is a view now, and its table still holds rows", sql };
}
