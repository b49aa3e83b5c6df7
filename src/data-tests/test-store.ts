import { storableJson } from "../core/json.ts";
import type { Database } from "../database/connect.ts";
import type { TestCounts, TestResult } from "../state/results.ts";

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

/** Adds them to the receipt of the model that they were run with. */
export async function storeCounts(
  database: Database,
  { runId, model, tests }: { readonly runId: string; readonly model: string; readonly tests: TestCounts },
): Promise<void> {
  await database.query(
    `update ${database.systemSchema}.model_run set receipt = receipt || jsonb_build_object('tests', $3::jsonb)
     where run_id = $1 and model = $2`,
    [runId, model, JSON.stringify(tests)],
  );
}

export function countResults(results: readonly Pick<TestResult, "status">[]): TestCounts {
  const counts = { passed: 0, warned: 0, failed: 0, errored: 0, skipped: 0 };
  for (const { status } of results) counts[status] += 1;
  return counts;
}
