import type { BoundColumn, BoundSource } from "./bound-source.ts";
import { conditionsSql } from "./conditions.ts";
import { columnRef, type Parameters } from "../database/sql-text.ts";

// Types whose numbers differ from database to database would make equal rows look different.
const STABLE =
  /^(text|character varying|varchar|char|character|integer|bigint|smallint|serial|bigserial|smallserial|boolean|real|double precision|numeric|jsonb?|uuid|date|time|timestamp|interval|bytea)\b/;

/** SQL of a row's digest over `columns`, in the order of their names, whatever the session's settings are. */
export function rowDigestSql(columns: readonly BoundColumn[], alias: string): string {
  const values = columns
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map((each) => (STABLE.test(each.sqlType) ? columnRef(alias, each) : `${columnRef(alias, each)}::text`));
  return `sha256(record_send(row(${values.join(", ")})))`;
}

/** SQL of the digest of several rows; their order does not matter. */
export const rowsDigestSql = (rowDigest: string) => `sha256(string_agg(${rowDigest}, ''::bytea order by ${rowDigest}))`;

/** Query of the digest of all rows of a source that every unit sees. */
export function wholeDigestSql(source: BoundSource, parameters: Parameters): string {
  const conditions = conditionsSql([...source.definition, ...source.scope], "s", parameters);
  return `select coalesce(${rowsDigestSql(rowDigestSql(source.columns, "s"))}, sha256(''::bytea)) from ${source.relation} s where ${conditions}`;
}
