import type { SQL, SQLWrapper } from "drizzle-orm";
import { pgTable } from "drizzle-orm/pg-core";
import { z } from "zod";
import { UsageError } from "../core/errors.ts";
import type { PipelineTable } from "../table/pipeline-table.ts";
import { shortName } from "../table/schema/table-ddl.ts";
import { refuseTableName } from "../table/table-names.ts";
import { filledByQuery } from "../table/table-shape.ts";
import type { WriteStrategy } from "../table/write/apply-stage.ts";
import type { AnyModel, Model } from "./any-model.ts";
import { noteDeclared } from "./declared-models.ts";
import {
  aFunction,
  aTable,
  checkDeclaration,
  type Options,
  resolveShared,
  type SharedDeclaration,
  sharedOptions,
  writeOptions,
} from "./shared-declaration.ts";
import type { RowOf, Sources, UntypedRow } from "./sources.ts";

declare const sourceRow: unique symbol;

/** A source inside a SQL template: stands for its table, its properties for the names of its columns. */
export type SqlSource<Row> = { readonly [Column in keyof Row]: SQLWrapper } & { readonly [sourceRow]: Row };

interface QueryDeclaration<Row extends object, Given extends Sources> extends SharedDeclaration<Row, Given> {
  /** The query: `sql` with the sources in it. Values become parameters; those of a view stand in its text. */
  sql(this: void, sources: { readonly [Name in keyof Given]: SqlSource<RowOf<Given[Name]>> }): SQL;
}

// A row says which unit it belongs to by the columns of the unit's key, under the names they have in the source.
type UnitColumns<Row, Given extends Sources, Each> = [Each] extends [never]
  ? never
  : string extends keyof RowOf<Given[Each & keyof Given]>
    ? string
    : keyof RowOf<Given[Each & keyof Given]> & keyof Row & string;

export type SqlModelDeclaration<
  Row extends object,
  NewRow extends object,
  Given extends Sources,
  Each extends keyof Given & string = never,
  By extends string = never,
> =
  | (QueryDeclaration<Row, Given> & {
      /** `view` keeps the query and no rows, `table` the rows; `view` unless said otherwise. */
      readonly materialized?: "view";
      readonly writeStrategy?: undefined;
      readonly forEach?: undefined;
      readonly by?: undefined;
      /** Columns that the query returns. Without it readers see the view's columns, untyped. */
      readonly table?: PipelineTable<Row, NewRow>;
    })
  | (QueryDeclaration<Row, Given> & {
      readonly materialized: "table";
      /**
       * What happens to rows that are already there; `replace` unless said otherwise. With `merge` and `append` the query
       * may read its own table, which is there from the first run on, and give only what is new.
       */
      readonly writeStrategy?: WriteStrategy;
      /**
       * The source whose rows are the units of this model. In the query it stands for the rows of the units that are new
       * or changed, and only their rows are replaced; every other source stands for all of its rows. The query gives
       * the columns of the unit's key. When it fails, the model fails: units have no errors of their own.
       */
      readonly forEach?: Each;
      /** Columns of that source; rows that agree in them form one unit. The query gives them too. */
      readonly by?: readonly By[];
      readonly table: PipelineTable<Row, NewRow>;
    });

const OPTIONS = z.strictObject({
  ...sharedOptions,
  ...writeOptions,
  table: aTable.optional(),
  materialized: z.enum(["view", "table"]).optional(),
  sql: aFunction,
} satisfies Options<SqlModelDeclaration<object, object, Sources>>);

/**
 * Declares a model that is a query: a view, or a table that every run brings up to date. `${source}` stands for a
 * table, `${source.column}` for the name of a column. With `forEach` (and `by`) a run asks about units that have changed.
 *
 * @example
 * export const entityCounts = defineSqlModel({
 *   name: "reporting.entity_counts",
 *   sources: { entities: ref(entityResolution) },
 *   sql: ({ entities }) => sql`select ${entities.type}, count(*)::int as entities from ${entities} group by 1`,
 * });
 */
export function defineSqlModel<
  const Given extends Sources,
  Row extends object = UntypedRow,
  NewRow extends object = UntypedRow,
  Each extends keyof Given & string = never,
  const By extends UnitColumns<Row, Given, Each> = never,
>(declaration: SqlModelDeclaration<Row, NewRow, Given, Each, By>): Model<Row> {
  checkDeclaration(OPTIONS, declaration);
  const { name, materialized = "view" } = declaration;
  noteDeclared(name);
  const table = declaration.table ?? pgTable(viewName(name), {});
  const model: AnyModel = {
    kind: "model",
    ...resolveShared(declaration),
    form: "sql",
    table: filledByQuery(table, materialized),
    materialized,
    sql: declaration.sql,
    writeStrategy: declaration.writeStrategy ?? "replace",
    forEach: declaration.forEach,
    by: declaration.by,
    config: z.object({}),
    concurrency: 1,
    maxAttempts: 1,
    maxErrorRate: 1,
    incomplete: "process",
    maxCostUsd: undefined,
    onChange: "rerun",
    probe: false,
    run: () => Promise.reject(needsDatabase(name)),
  };
  return Object.freeze(model) as unknown as Model<Row>;
}

function viewName(model: string): string {
  const name = shortName(model.replaceAll(".", "_"));
  refuseTableName(name);
  return name;
}

/** What a display calls a model: how it works, or what its query becomes. */
export type ShownForm = "row" | "group" | "table" | "seed" | "view" | "sql" | "sql row" | "sql group";

export function shownForm({ form, materialized, seed, forEach, by }: AnyModel): ShownForm {
  if (seed !== undefined) return "seed";
  if (form !== "sql") return form;
  if (forEach !== undefined) return by === undefined ? "sql row" : "sql group";
  return materialized === "view" ? "view" : "sql";
}

/** False for a model that is written as a whole or not at all. */
export function hasUnits(form: ShownForm): boolean {
  return form !== "table" && form !== "seed" && form !== "view" && form !== "sql";
}

/** A query has no function that could be called with literal rows. */
export function needsDatabase(name: string): UsageError {
  return new UsageError("SQL_MODEL", `Model "${name}" is a query, which only a database can run.`, {
    hint: "Test it in a project with a database of its own: createTestProject from millrace/testing.",
  });
}
