import { type SQL, sql } from "drizzle-orm";
import { storableJson } from "../core/json.ts";
import type { Database } from "../database/connect.ts";
import type { ResolvedTest } from "../data-tests/resolve-test.ts";
import type { TestResult } from "../data-tests/test-result.ts";
import { writtenSinceSql } from "./model-run-store.ts";

/** Keeps the results of tests, with failing rows, under the id of a run. */
export async function storeResults(database: Database, runId: string, results: readonly TestResult[]): Promise<void> {
  if (results.length === 0) return;
  await database.query(
    `insert into ${database.systemSchema}.test_result
       (run_id, model, test, severity, status, failures, rows, error, duration_ms)
     select $1, r.model, r.test, r.severity, r.status, r.failures, r.rows, r.error, r."durationMs"
     from json_to_recordset($2) as r
       (model text, test text, severity text, status text, failures bigint, rows json, error jsonb, "durationMs" int)
     on conflict (run_id, model, test) do update set
       severity = excluded.severity, status = excluded.status, failures = excluded.failures, rows = excluded.rows,
       error = excluded.error, duration_ms = excluded.duration_ms, tested_at = now()`,
    [runId, storableJson(results)],
  );
}

/** The results of a run's tests, in the order of its models. */
export async function loadResults(database: Database, runId: string): Promise<readonly TestResult[]> {
  const rows = await database.query<TestResult & Record<string, unknown>>(
    `select model, test, severity, status, failures::float8 as failures, rows, error, duration_ms as "durationMs"
     from ${database.systemSchema}.test_result where run_id = $1 order by tested_at, model, test`,
    [runId],
  );
  return rows.map(({ error, ...result }): TestResult => ({ ...result, ...(error === null ? {} : { error }) }));
}

/** How the tests of a run ended, by model and test, without the rows that failed. */
export async function loadTestOutcomes(
  database: Database,
  runId: string,
): Promise<readonly Pick<TestResult, "model" | "test" | "status" | "failures" | "durationMs">[]> {
  return database.query<TestResult & Record<string, unknown>>(
    `select model, test, status, failures::float8 as failures, duration_ms as "durationMs"
     from ${database.systemSchema}.test_result where run_id = $1 order by model, test`,
    [runId],
  );
}

/** The condition of rows that runs have written since the one in which the test last passed, that one's own included. */
export function changedRowsSql({ test, model }: ResolvedTest, { systemSchema: system }: Database): SQL {
  const passed = sql`select run_id from ${sql.raw(`${system}.test_result`)}
    where model = ${model.name} and test = ${test.name} and status = 'passed'`;
  return sql`workflow_id in (${writtenSinceSql(system, model.name, passed)})`;
}
