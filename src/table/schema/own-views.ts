import { MillraceError } from "../../core/errors.ts";
import { type DatabaseClient, quoteName } from "../../database/connect.ts";
import type { ExistingTable, RunQuery } from "./existing-tables.ts";
import type { TableShape } from "../table-shape.ts";

const MARK = "Made by Millrace for model ";

/** The comment that says which model a view belongs to. */
export const viewComment = (model: string) => `${MARK}${model}`;

/** True for a view that a model made: it can be made again, so that nothing is lost with it. */
export const isOwnComment = (comment: string | null) => comment?.startsWith(MARK) === true;

/** Finds what blocks a query model: a table or view of its name that is no longer of the declared kind. */
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

/** A view that reads a table or view, directly or through others. */
interface DependentView {
  /** SQL text of its name. */
  readonly name: string;
  readonly definition: string;
  readonly comment: string | null;
}

/**
 * Drops a table or view and lets `make` put another in its place. Views of models that read it are dropped too and
 * made again; the names of those that can no longer be made are the result. Those of somebody else are an error.
 */
export async function replaceRelation(
  client: DatabaseClient,
  { model, name, kind }: { readonly model: string; readonly name: string; readonly kind: "table" | "view" },
  make: () => Promise<void>,
): Promise<readonly string[]> {
  const dependents = await findDependentViews(
    async (text, values = []) => (await client.query(text, [...values])).rows as never,
    name,
  );
  const foreign = dependents.filter(({ comment }) => !isOwnComment(comment)).map((view) => view.name);
  if (foreign.length > 0) throw inUse(model, name, kind, foreign.join(", "));
  if (dependents.length > 0) await client.query(dropSql(dependents));
  try {
    await client.query(`drop ${kind} ${quoteName(name)}`);
  } catch (error) {
    const { code, detail } = error as { code?: unknown; detail?: unknown };
    throw code === "2BP01" ? inUse(model, name, kind, String(detail)) : error;
  }
  await make();
  const lost: string[] = [];
  for (const view of dependents) if (!(await restoreView(client, view))) lost.push(view.name);
  return lost;
}

/** Statements that take the views of models off a table and put them back: no column that a view reads changes its type. */
export async function planAroundViews(
  query: RunQuery,
  table: string,
): Promise<{ readonly drop: readonly string[]; readonly restore: readonly string[] }> {
  const views = await findDependentViews(query, table);
  // Views that are not ours stay, and the server's error names them.
  if (views.length === 0 || views.some(({ comment }) => !isOwnComment(comment))) return { drop: [], restore: [] };
  return { drop: [dropSql(views)], restore: views.flatMap(restoreSql) };
}

const dropSql = (views: readonly DependentView[]) => `drop view if exists ${views.map((view) => view.name).join(", ")}`;

const restoreSql = ({ name, definition, comment }: DependentView) => [
  `create view ${name} as ${definition.replace(/;\s*$/, "")}`,
  commentSql(name, comment ?? ""),
];

// Each after those it reads.
function findDependentViews(query: RunQuery, name: string): Promise<readonly DependentView[]> {
  return query<DependentView>(
    `with recursive dependent (oid, depth) as (
       select to_regclass($1)::oid, 0
       union
       select r.ev_class, dependent.depth + 1 from dependent
         join pg_depend d on d.refclassid = 'pg_class'::regclass and d.refobjid = dependent.oid
           and d.classid = 'pg_rewrite'::regclass
         join pg_rewrite r on r.oid = d.objid and r.ev_class <> dependent.oid
     )
     select oid::regclass::text as name, pg_get_viewdef(oid) as definition, obj_description(oid, 'pg_class') as comment
     from dependent where depth > 0 group by oid order by max(depth)`,
    [quoteName(name)],
  );
}

async function restoreView(client: DatabaseClient, view: DependentView): Promise<boolean> {
  await client.query("savepoint restore_view");
  try {
    for (const statement of restoreSql(view)) await client.query(statement);
    await client.query("release savepoint restore_view");
    return true;
  } catch (error) {
    await client.query("rollback to savepoint restore_view");
    // Its query refers to something that no longer exists; no other error justifies losing a view.
    if (typeof (error as { code?: unknown }).code === "string" && (error as { code: string }).code.startsWith("42"))
      return false;
    throw error;
  }
}

/** SQL that gives a view its comment. */
export function commentSql(name: string, comment: string): string {
  return `comment on view ${name} is '${comment.replaceAll("'", "''")}'`;
}

function inUse(model: string, name: string, kind: string, users: string): MillraceError {
  return new MillraceError(
    "VIEW_IN_USE",
    `Model "${model}" must recreate ${kind} "${name}", but other objects depend on it: ${users}.`,
    { hint: "Drop these objects, run the model, and create them again.", details: { model, name } },
  );
}
