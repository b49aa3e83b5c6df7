import type { QueryResult } from "pg";
import { MillraceError } from "../../core/errors.ts";
import { didYouMean } from "../../core/text.ts";
import type { DatabaseClient } from "../../database/connect.ts";
import { isWidening, normalizeType, typeSql } from "../../table/schema/column-type.ts";
import type { ColumnShape, TableShape } from "../../table/table-shape.ts";
import { explainSqlError } from "../../database/sql-error.ts";
import type { RenderedQuery } from "../query/render-query.ts";

/** A column of a query's result. */
export interface QueryColumn {
  readonly name: string;
  readonly type: string;
}

/** The columns that a query returns, without running it. */
export async function describeQuery(
  client: DatabaseClient,
  model: string,
  { text, values, own }: RenderedQuery,
): Promise<readonly QueryColumn[]> {
  const statement = `select * from (\n${text}\n) as query limit 0`;
  const { fields } = await queryOn(client, model, { statement, values, own });
  const { rows } = await client.query<{ type: string }>(
    "select format_type(type, modifier) as type from unnest($1::oid[], $2::int[]) with ordinality as field (type, modifier, place) order by place",
    [fields.map((field) => field.dataTypeID), fields.map((field) => field.dataTypeModifier)],
  );
  return fields.map(({ name }, index) => ({ name, type: rows[index]?.type ?? "unknown" }));
}

/** Runs a statement around a model's own SQL; an error names the line of it. */
export async function queryOn(
  client: DatabaseClient,
  model: string,
  { statement, values, own }: { statement: string; values: readonly unknown[]; own: string },
): Promise<QueryResult> {
  try {
    return await client.query(statement, [...values]);
  } catch (error) {
    throw explainSqlError(error, model, { statement, query: own });
  }
}

/** Fails before anything is written when a query returns other columns than its table declares. */
export function checkColumns(
  model: string,
  shape: TableShape,
  given: readonly QueryColumn[],
  expected: readonly (ColumnShape & { readonly isOptional?: boolean })[],
): void {
  const names = given.map((column) => column.name);
  const missing = expected.filter((column) => !names.includes(column.name) && column.isOptional !== true);
  const additional = names.filter((name) => !expected.some((column) => column.name === name));
  const twice = names.filter((name, index) => names.indexOf(name) !== index);
  const types = expected.flatMap((column) => {
    const found = given.find(({ name }) => name === column.name);
    return found === undefined || fits(found.type, column)
      ? []
      : [{ column: column.name, found: found.type, declared: declaredType(column) }];
  });
  const problems = [
    ...missing.map((column) => `"${column.name}" (${declaredType(column)}) is missing`),
    ...additional.map(
      (name) =>
        `"${name}" is not declared${didYouMean(
          name,
          missing.map((column) => column.name),
        ).replace(/^ (.*)$/, " ($1)")}`,
    ),
    ...twice.map((name) => `"${name}" is returned twice`),
    ...types.map(({ column, found, declared }) => `"${column}" is ${found} but declared as ${declared}`),
  ];
  if (problems.length === 0) return;
  throw new MillraceError(
    "COLUMNS_DIFFER",
    `The query of model "${model}" does not return the columns of "${shape.name}": ${problems.join("; ")}.`,
    {
      hint: "Name and cast the columns in the SQL (count(*)::int as items), or change the declared table.",
      details: { model, missing: missing.map((column) => column.name), additional, twice, types },
    },
  );
}

const declaredType = ({ column }: ColumnShape) => normalizeType(typeSql(column));

// Expressions lose the length and precision of their operands, so these are not compared.
function fits(found: string, column: ColumnShape): boolean {
  const [from, to] = [found, declaredType(column)].map((type) => normalizeType(type).replace(/\([\d,-]+\)/, ""));
  return from === to || isWidening(from ?? "", to ?? "");
}
