import { type SQL, sql } from "drizzle-orm";
import { PgDialect } from "drizzle-orm/pg-core";
import type { TestQueryParts } from "../model/any-model.ts";
import { tableIdentifier } from "../table/table-identifier.ts";
import { dataColumns, hasColumns } from "../table/table-shape.ts";
import type { ResolvedTest } from "./resolve-test.ts";

/** A statement and its values. */
export interface TestQuery {
  readonly text: string;
  readonly values: readonly unknown[];
}

const dialect = new PgDialect();

/** The query that gives the failing rows of a test; `changed` limits the rows it looks at. */
export function testQuery({ test, shape, column, reads }: ResolvedTest, changed?: SQL): TestQuery {
  const table = sql.identifier(shape.name).getSQL();
  // A view does not record which run wrote its rows, or when.
  const isPart = changed !== undefined && test.rows === "changed" && shape.query !== "view";
  const from = (conditions: readonly SQL[]) =>
    conditions.length === 0
      ? sql`${table} as tested`
      : sql`(select * from ${table} where ${sql.join(
          conditions.map((condition) => sql`(${condition})`),
          sql` and `,
        )}) as tested`;
  const own = test.where === undefined ? [] : [test.where.getSQL()];
  const scope: TestQueryParts = {
    table,
    column,
    all: from(own),
    rows: from(isPart ? [...own, changed] : own),
    isPart,
    shown: hasColumns(shape)
      ? sql.join(
          dataColumns(shape).map(({ name }) => sql.identifier(name)),
          sql`, `,
        )
      : sql`*`,
    other: (name) => reads.get(name) ?? { table: tableIdentifier(name), column },
  };
  const { sql: text, params } = dialect.sqlToQuery(test.failing(scope));
  return { text: text.replace(/[\s;]+$/, ""), values: params };
}
