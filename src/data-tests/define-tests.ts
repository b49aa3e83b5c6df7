import { is, SQL, sql, type SQLWrapper } from "drizzle-orm";
import { UsageError } from "../core/errors.ts";
import type { DataTest, DataTestOptions } from "../model/data-test.ts";
import type { AnyDataTest, TestedTable, TestQueryParts, SourceSpec, AnyModel, Model } from "../model/any-model.ts";
import type { Source, UntypedRow } from "../model/sources.ts";

type OneOrMore<Value> = Value | readonly Value[];
type With<Column extends string, Value = unknown> = { readonly [Key in Column]: Value };
/** Values that can be listed, and what a column of them may hold. */
type Listed = string | number | boolean;
type Held<Value> = [Value] extends [never]
  ? unknown
  : Value extends string
    ? string
    : Value extends number
      ? number
      : Value extends boolean
        ? boolean
        : never;

/**
 * No row may have null in this column, or in one of these.
 *
 * @example
 * tests: [notNull("orderId"), notNull(["customerId", "orderDate"], { severity: "warn" })]
 */
export function notNull<const Column extends string>(
  column: OneOrMore<Column>,
  options: DataTestOptions = {},
): DataTest<With<Column>> {
  const columns = listOf(column);
  return createTest(`not_null(${columns.join(", ")})`, options, {
    columns,
    failing: ({ shown, rows, column }) =>
      sql`select ${shown} from ${rows} where ${sql.join(
        columns.map((key) => sql`${column(key)} is null`),
        sql` or `,
      )}`,
  });
}

/** No two rows may agree in this column, or in all of these. As in Postgres, null equals nothing. */
export function unique<const Column extends string>(
  column: OneOrMore<Column>,
  options: DataTestOptions = {},
): DataTest<With<Column>> {
  const columns = listOf(column);
  return createTest(`unique(${columns.join(", ")})`, options, {
    columns,
    failing: ({ all, rows, isPart, column }) => {
      const names = sql.join(columns.map(column), sql`, `);
      const part = isPart ? sql` and (${names}) in (select ${names} from ${rows})` : sql``;
      return sql`select ${names}, count(*)::int as rows from ${all} where ${notNullSql(columns, column)}${part} group by ${names} having count(*) > 1 order by rows desc, ${names}`;
    },
  });
}

/** The column may hold these values and null, and no others. */
export function acceptedValues<const Column extends string, Value extends Listed>(
  column: Column,
  values: readonly Value[],
  options: DataTestOptions = {},
): DataTest<With<Column, Held<Value> | null>> {
  return createTest(`accepted_values(${column})`, options, {
    columns: [column],
    failing: ({ shown, rows, column: nameOf }) => {
      const name = nameOf(column);
      const list = sql.join(
        values.map((value) => sql`${value}`),
        sql`, `,
      );
      const isOther = values.length === 0 ? sql`` : sql` and ${name} not in (${list})`;
      return sql`select ${shown} from ${rows} where ${name} is not null${isOther}`;
    },
  });
}

export interface RelationshipOptions<Target extends object> extends DataTestOptions {
  /** The table that is referred to: a model, `ref(model)`, or a name. */
  readonly to: Model<Target> | Source<Target> | string;
  /** The column there; as many as columns here, in the same order. */
  readonly field: OneOrMore<keyof Target & string>;
}

/** Every value of the column, or of the columns together, must be in the other table. Null refers to nothing. */
export function relationships<const Column extends string, Target extends object = UntypedRow>(
  column: OneOrMore<Column>,
  options: RelationshipOptions<Target>,
): DataTest<With<Column>> {
  const columns = listOf(column);
  const fields = listOf(options.field);
  const to = tableOf(options.to);
  const target = typeof to === "string" ? to : to.name;
  const name = `relationships(${columns.join(", ")} → ${target}.${fields.join(", ")})`;
  if (fields.length !== columns.length)
    throw new UsageError(
      "TEST_INVALID",
      `${name} has ${columns.length} columns, but ${fields.length} in the other table.`,
    );
  return createTest(name, options, {
    columns,
    reads: { to: { table: to, columns: fields } },
    failing: ({ shown, rows, column, other }) => {
      const { table, column: field } = other("to");
      const pairs = columns.map((key, index) => sql`o.${field(fields[index] ?? "")} = tested.${column(key)}`);
      return sql`select ${shown} from ${rows} where ${notNullSql(columns, column)} and not exists (select from ${table} as o where ${sql.join(pairs, sql` and `)})`;
    },
  });
}

/** The table must have at least `min` and at most `max` rows. */
export function rowCount(
  { min = 0, max }: { readonly min?: number; readonly max?: number },
  options: Omit<DataTestOptions, "rows"> = {},
): DataTest<unknown> {
  const bounds = [`≥ ${min}`, ...(max === undefined ? [] : [`≤ ${max}`])];
  const isMore = max === undefined ? sql`` : sql` or count(*) > ${max}`;
  return createTest(`row_count(${bounds.join(", ")})`, options, {
    columns: [],
    failing: ({ all }) => sql`select count(*)::int as rows from ${all} having count(*) < ${min}${isMore}`,
  });
}

/**
 * The condition must hold for every row: SQL with the names of the database. Where it is null it does not fail.
 *
 * @example
 * tests: [expression("amount >= 0"), expression(sql`order_date <= current_date`)]
 */
export function expression(condition: string | SQL, options: DataTestOptions = {}): DataTest<unknown> {
  const name = typeof condition === "string" ? `expression(${condition})` : "expression";
  return createTest(name, options, {
    columns: [],
    failing: ({ shown, rows }) => sql`select ${shown} from ${rows} where not (${toSql(condition)})`,
  });
}

/**
 * A query of your own that gives the rows that are wrong.
 *
 * @example
 * customSql("no_future_orders", ({ model }) => sql`select * from ${model} where order_date > current_date`)
 */
export function customSql<const Reads extends Readonly<Record<string, Model<object> | string>> = Record<never, never>>(
  name: string,
  query: (tables: { readonly [Name in keyof Reads | "model"]: SQLWrapper }) => SQL,
  options: Omit<DataTestOptions, "where" | "rows" | "name"> & {
    /** Further tables that the query reads. */
    readonly reads?: Reads;
  } = {},
): DataTest<unknown> {
  const reads = Object.entries(options.reads ?? {});
  return createTest(name, options, {
    columns: [],
    reads: Object.fromEntries(reads.map(([key, table]) => [key, { table, columns: [] }])),
    failing: ({ table, other }) => {
      const tables = reads.map(([key]) => [key, other(key).table]);
      return query(Object.fromEntries([["model", table], ...tables]) as Parameters<typeof query>[0]);
    },
  });
}

function createTest<Row>(
  name: string,
  options: DataTestOptions,
  parts: Pick<AnyDataTest, "columns" | "failing"> & Partial<Pick<AnyDataTest, "reads">>,
): DataTest<Row> {
  const { warnIf = 1, errorIf = 1, where } = options;
  for (const [key, count] of Object.entries({ warnIf, errorIf })) {
    if (!Number.isInteger(count) || count < 1)
      throw new UsageError("TEST_INVALID", `\`${key}\` of test ${name} must be a positive integer, not ${count}.`);
  }
  return Object.freeze({
    kind: "test",
    name: options.name ?? name,
    severity: options.severity ?? "error",
    warnIf,
    errorIf,
    where: where === undefined ? undefined : toSql(where),
    rows: options.rows ?? "all",
    reads: {},
    ...parts,
  } satisfies AnyDataTest) as unknown as DataTest<Row>;
}

function notNullSql(columns: readonly string[], column: TestQueryParts["column"]): SQL {
  return sql.join(
    columns.map((key) => sql`${column(key)} is not null`),
    sql` and `,
  );
}

const listOf = <Value extends string>(value: OneOrMore<Value>): readonly Value[] =>
  typeof value === "string" ? [value] : value;
// It may end in a comment.
const toSql = (text: string | SQL): SQL => sql`${is(text, SQL) ? text : sql.raw(text)}\n`;

function tableOf(to: AnyModel | Source<unknown> | string): TestedTable {
  if (typeof to === "string" || to.kind === "model") return to;
  const { target, where, match } = to as unknown as SourceSpec;
  if (target.type === "documents" || where !== undefined || match !== undefined) {
    throw new UsageError("TEST_INVALID", "A relationship must refer to a whole table, without conditions.", {
      hint: "Pass a model, ref(model) or a table's name; use customSql for other conditions.",
    });
  }
  return target.type === "model" ? target.model : target.name;
}
