import { is, SQL } from "drizzle-orm";
import { getTableConfig, type Index, type IndexedColumn, PgDialect } from "drizzle-orm/pg-core";
import { sha256 } from "../../core/hash.ts";
import { quoteName } from "../../database/connect.ts";
import { closedSql } from "../../database/sql-text.ts";
import { typeSql } from "./column-type.ts";
import type { ColumnShape, TableShape } from "../table-shape.ts";

/** An index or constraint a table should have, found in the database by its name. */
export interface NamedPart {
  readonly kind: "index" | "unique" | "check" | "foreign key";
  readonly name: string;
  readonly sql: string;
}

const NAME_BYTES = 63;
const dialect = new PgDialect();

/** A name Postgres keeps whole: longer ones end in a hash, so that two long names stay two. */
export function shortName(name: string): string {
  if (Buffer.byteLength(name) <= NAME_BYTES) return name;
  const cut = Buffer.from(name)
    .subarray(0, NAME_BYTES - 9)
    .toString("utf8")
    .replace(/\uFFFD+$/, "");
  return `${cut}_${sha256(name).slice(0, 8)}`;
}

/** `create table` with columns and primary key; indexes and constraints follow as `tableParts`. */
export function createTableSql(shape: TableShape): string {
  const lines = shape.columns.map(columnDefinition);
  if (shape.primaryKey.length > 0) lines.push(`primary key (${shape.primaryKey.map(quoteName).join(", ")})`);
  return `create table ${quoteName(shape.name)} (\n  ${lines.join(",\n  ")}\n)`;
}

/** One column as written in `create table` and `add column`. */
export function columnDefinition({ name, column, defaultSql, notNull }: ColumnShape): string {
  const parts = [quoteName(name), typeSql(column)];
  const generated = column.generated?.as;
  if (column.generatedIdentity !== undefined) {
    parts.push(`generated ${column.generatedIdentity.type === "always" ? "always" : "by default"} as identity`);
  } else if (generated !== undefined) {
    parts.push(`generated always as (${generatedSql(generated)}) stored`);
  } else if (defaultSql !== undefined) {
    parts.push(`default ${defaultSql}`);
  }
  if (notNull) parts.push("not null");
  return parts.join(" ");
}

function generatedSql(as: unknown): string {
  const expression: unknown = typeof as === "function" ? (as as () => unknown)() : as;
  return is(expression, SQL) ? inlineSql(expression) : closedSql(String(expression));
}

/** All named parts of a table, in an order in which they can be created. */
export function tableParts(shape: TableShape): readonly NamedPart[] {
  const config = getTableConfig(shape.table);
  const alter = `alter table ${quoteName(shape.name)} add constraint`;
  const names = (columns: readonly { name: string }[]) => columns.map((column) => quoteName(column.name)).join(", ");
  const uniques = [
    ...config.columns
      .filter((column) => column.isUnique)
      .map((column) => ({
        name: column.uniqueName,
        columns: [column],
        nullsNotDistinct: column.uniqueType === "not distinct",
      })),
    ...config.uniqueConstraints.map((unique) => ({
      name: unique.getName(),
      columns: unique.columns,
      nullsNotDistinct: unique.nullsNotDistinct,
    })),
  ].map(({ name: given, columns, nullsNotDistinct }): NamedPart => {
    const name = shortName(given ?? [shape.name, ...columns.map((column) => column.name), "unique"].join("_"));
    return {
      kind: "unique",
      name,
      sql: `${alter} ${quoteName(name)} unique ${nullsNotDistinct ? "nulls not distinct " : ""}(${names(columns)})`,
    };
  });
  const checks = config.checks.map(({ name, value }): NamedPart => ({
    kind: "check",
    name: shortName(name),
    sql: `${alter} ${quoteName(shortName(name))} check (${inlineSql(value)})`,
  }));
  const foreignKeys = config.foreignKeys.map((key): NamedPart => {
    const { columns, foreignColumns, foreignTable } = key.reference();
    const name = shortName(key.getName());
    const actions = `${key.onDelete === undefined ? "" : ` on delete ${key.onDelete}`}${key.onUpdate === undefined ? "" : ` on update ${key.onUpdate}`}`;
    const target = `${quoteName(getTableConfig(foreignTable).name)} (${names(foreignColumns)})`;
    return {
      kind: "foreign key",
      name,
      sql: `${alter} ${quoteName(name)} foreign key (${names(columns)}) references ${target}${actions}`,
    };
  });
  return [...uniques, ...checks, ...config.indexes.map((index) => indexPart(shape, index)), ...foreignKeys];
}

function indexPart(shape: TableShape, { config }: Index): NamedPart {
  const columns = config.columns.map((column) =>
    is(column, SQL) ? { name: "expr", sql: `(${inlineSql(column)})` } : indexedColumn(column as IndexedColumn),
  );
  const name = shortName(config.name ?? [shape.name, ...columns.map((column) => column.name), "index"].join("_"));
  const method = config.method === undefined || config.method === "btree" ? "" : `using ${config.method} `;
  const options = Object.entries(config.with ?? {}).map(([key, value]) => `${key} = ${String(value)}`);
  const tail = `${options.length === 0 ? "" : ` with (${options.join(", ")})`}${config.where === undefined ? "" : ` where ${inlineSql(config.where)}`}`;
  const sql = `create ${config.unique ? "unique " : ""}index ${quoteName(name)} on ${quoteName(shape.name)} ${method}(${columns.map((column) => column.sql).join(", ")})${tail}`;
  return { kind: "index", name, sql };
}

function indexedColumn({ name = "", indexConfig }: IndexedColumn): { name: string; sql: string } {
  const { order, nulls, opClass } = indexConfig as { order?: string; nulls?: string; opClass?: string };
  const direction =
    order === "desc" ? ` desc${nulls === "last" ? " nulls last" : ""}` : nulls === "first" ? " nulls first" : "";
  return { name, sql: `${quoteName(name)}${opClass === undefined ? "" : ` ${opClass}`}${direction}` };
}

// In DDL, columns are written without their table and values inline, since DDL takes no parameters.
function inlineSql(sql: SQL): string {
  return closedSql(dialect.sqlToQuery(sql.inlineParams(), "indexes").sql);
}
