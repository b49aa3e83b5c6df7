import type { DatabaseClient } from "../database/connect.ts";
import { createWorkSql, fillWorkSql, type UnitPlan } from "./unit-query.ts";

/** The units a run has to do with, in a temporary table of the connection; a process that dies leaves nothing behind. */
export const WORK = "pg_temp.millrace_work";

export interface FoundWork {
  /** Units to be processed, numbered from 1 on. */
  readonly total: number;
  /** Units that are gone from the source, numbered after them. */
  readonly gone: number;
}

/** Finds the units that have something to do, in one query. */
export async function findWork(client: DatabaseClient, plan: UnitPlan, system: string): Promise<FoundWork> {
  const create = createWorkSql(plan, WORK.replace("pg_temp.", ""));
  // Comparing a million units in the memory of a default server would go through files.
  await client.query(`drop table if exists ${WORK}; ${create}; set work_mem = '64MB'`);
  const { text, values } = fillWorkSql(plan, { system, work: WORK });
  const { rowCount } = await client.query(text, [...values]);
  await client.query("reset work_mem");
  if (rowCount === null || rowCount === 0) return { total: 0, gone: 0 };
  await client.query(`alter table ${WORK} add primary key (ordinal); analyze ${WORK}`);
  const { rows } = await client.query<{ gone: number }>(
    `select count(*)::int as gone from ${WORK} where reason = 'deleted'`,
  );
  const gone = rows[0]?.gone ?? 0;
  return { total: rowCount - gone, gone };
}

/** Names of the units that are gone. */
export async function listGone(client: DatabaseClient): Promise<readonly string[]> {
  const { rows } = await client.query<{ source_key: string }>(
    `select source_key from ${WORK} where reason = 'deleted' order by source_key`,
  );
  return rows.map((row) => row.source_key);
}
