import type { DatabaseClient } from "../../database/connect.ts";
import { COPY } from "./fetch-query.ts";
import type { UnitPlan } from "./unit-plan.ts";
import { createWorkSql } from "./unit-query.ts";

/** The units that a run handles, in a temporary table of the connection; a process that dies leaves nothing behind. */
export const WORK = "pg_temp.millrace_work";

/** With a default server's memory, comparing a million units would spill to disk. */
export const MEMORY_TO_COMPARE = "set work_mem = '64MB'";

/** Up to so many, an index does not make lookups faster. */
const FEW_UNITS = 1_000;

export interface FoundWork {
  /** Units to be processed, numbered from 1 on. */
  readonly total: number;
  /** Units that are gone from the source, numbered after them. */
  readonly gone: number;
  /** Groups that wait for members. */
  readonly waiting: number;
}

/** Finds the units that have work, in one query. */
export async function findWork(client: DatabaseClient, plan: UnitPlan, system: string): Promise<FoundWork> {
  await client.query(`drop table if exists ${WORK}, ${COPY}; ${MEMORY_TO_COMPARE}`);
  const { text, values } = createWorkSql(plan, { system, work: WORK });
  const { rowCount } = await client.query(text, [...values]).catch(async (error: unknown) => {
    // In a transaction it is over with it, elsewhere the connection goes back to the others.
    await client.query("reset work_mem").catch(() => undefined);
    throw error;
  });
  const found = rowCount ?? 0;
  const index = found > FEW_UNITS ? `alter table ${WORK} add primary key (ordinal);` : "";
  await client.query(`reset work_mem; ${found === 0 ? "" : `${index} analyze ${WORK}`}`);
  if (found === 0) return { total: 0, gone: 0, waiting: 0 };
  const { rows } = await client.query<{ gone: number; waiting: number }>(
    `select count(*) filter (where reason = 'deleted')::int as gone,
       count(*) filter (where reason = 'waiting')::int as waiting
     from ${WORK} where reason in ('deleted', 'waiting')`,
  );
  const { gone = 0, waiting = 0 } = rows[0] ?? {};
  if (waiting > 0) await client.query(`delete from ${WORK} where reason = 'waiting'`);
  return { total: found - gone - waiting, gone, waiting };
}

/** Names of the units that are gone. */
export async function listGone(client: DatabaseClient): Promise<readonly string[]> {
  const { rows } = await client.query<{ source_key: string }>(
    `select source_key from ${WORK} where reason = 'deleted' order by source_key`,
  );
  return rows.map((row) => row.source_key);
}
