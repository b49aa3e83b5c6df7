import { sql } from "drizzle-orm";
import { PgDialect } from "drizzle-orm/pg-core";
import { type ErrorJson, errorToJson } from "../core/errors.ts";
import type { Database } from "../database/connect.ts";
import type { ResolvedSource } from "../graph/resolved-model.ts";
import { ageMs, type FreshnessThreshold, parseAge } from "../model/freshness.ts";
import { tableIdentifier } from "../table/table-identifier.ts";
import type { Workspace } from "./workspace.ts";

/** How old the newest row of a source is, and what that means; or why nobody knows. */
export type SourceFreshness =
  | {
      /** The table, or `documents`. */
      readonly source: string;
      readonly status: "pass" | "warn" | "error";
      readonly maxLoadedAt: Date;
      readonly checkedAt: Date;
      readonly warnAfter: FreshnessThreshold | undefined;
      readonly errorAfter: FreshnessThreshold | undefined;
      readonly durationMs: number;
    }
  | { readonly source: string; readonly status: "runtime error"; readonly error: string };

/** Looks how old the sources are that say how old they may be, each once. */
export async function checkFreshness(project: Workspace): Promise<readonly SourceFreshness[]> {
  const sources = [...project.graph().values()].flatMap((model) => model.sources);
  const watched = new Map(
    sources
      .filter(({ spec }) => spec.freshness !== undefined)
      .map((source) => [`${tableOf(source)} ${JSON.stringify(source.spec.freshness)}`, source]),
  );
  const database = await project.openDatabase();
  return Promise.all([...watched.values()].map((source) => checkSource(database, source)));
}

const dialect = new PgDialect();

async function checkSource(database: Database, source: ResolvedSource): Promise<SourceFreshness> {
  const { loadedAtField = "", warnAfter, errorAfter } = source.spec.freshness ?? {};
  const started = performance.now();
  const column = sql.identifier(columnOf(source, loadedAtField));
  const { sql: text } = dialect.sqlToQuery(
    sql`select extract(epoch from max(${column})::timestamptz) * 1000 as loaded, extract(epoch from now()) * 1000 as now from ${tableIdentifier(tableOf(source))}`,
  );
  try {
    const [row] = await database.query<{ loaded: string | null; now: string }>(text);
    if (row === undefined || row.loaded === null)
      return { source: tableOf(source), status: "runtime error", error: "It has no rows." };
    const limits = { warnAfter: threshold(warnAfter), errorAfter: threshold(errorAfter) };
    const age = Number(row.now) - Number(row.loaded);
    const isOlder = (limit: FreshnessThreshold | undefined) => limit !== undefined && age > ageMs(limit);
    return {
      source: tableOf(source),
      status: isOlder(limits.errorAfter) ? "error" : isOlder(limits.warnAfter) ? "warn" : "pass",
      maxLoadedAt: new Date(Number(row.loaded)),
      checkedAt: new Date(Number(row.now)),
      ...limits,
      durationMs: Math.round(performance.now() - started),
    };
  } catch (error) {
    const { message }: ErrorJson = errorToJson(error);
    return { source: tableOf(source), status: "runtime error", error: message };
  }
}

const threshold = (age: string | undefined) => (age === undefined ? undefined : parseAge(age));

function tableOf({ origin }: ResolvedSource): string {
  if (origin.type === "documents") return "documents";
  return origin.type === "table" ? origin.table : origin.shape.name;
}

function columnOf({ origin }: ResolvedSource, key: string): string {
  if (origin.type !== "model") return key;
  return origin.shape.columns.find((column) => column.key === key)?.name ?? key;
}
