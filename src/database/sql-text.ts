import { quoteName } from "./connect.ts";

/** A statement and its parameters. */
export interface Sql {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** Collects parameters while SQL text is put together: values never become text. */
export class Parameters {
  readonly values: unknown[] = [];

  add(value: unknown): string {
    this.values.push(value);
    return `$${this.values.length}`;
  }

  /** A relation of rows, from the values of each column and their type. */
  addRows(...columns: readonly (readonly [type: string, values: readonly unknown[]])[]): string {
    return `unnest(${columns.map(([type, values]) => `${this.add(values)}::${type}[]`).join(", ")})`;
  }
}

/** SQL that others may follow: they must not become a part of its last comment. */
export const closedSql = (sql: string): string => (sql.includes("--") ? `${sql}\n` : sql);

/** SQL of a table name, with its schema if the name has one: `landing.items`. */
export const relationSql = (name: string): string => name.split(".").map(quoteName).join(".");

/** A column of the table that `alias` stands for. */
export const columnRef = (alias: string, { name }: { readonly name: string }) => `${alias}.${quoteName(name)}`;
