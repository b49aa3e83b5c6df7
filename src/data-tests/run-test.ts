import { setMaxListeners } from "node:events";
import type { SQL } from "drizzle-orm";
import { judgeTest } from "./judge-test.ts";
import { testQuery, type TestQuery } from "./test-query.ts";
import type { ResolvedTest } from "./resolve-test.ts";
import { type ErrorJson, errorToJson } from "../core/errors.ts";
import type { Database } from "../database/connect.ts";
import { isConnectionLoss } from "../database/server-error.ts";
import type { TestResult } from "./test-result.ts";
import { withCancel } from "../database/cancel-query.ts";
import { withQuerySlot } from "../database/query-slots.ts";
import { explainSqlError } from "../database/sql-error.ts";

/** Failing rows that are kept. */
const MAX_ROWS = 100;
const MAX_TEXT_LENGTH = 1_000;

export interface RunTestOptions {
  readonly database: Database;
  readonly signal: AbortSignal;
  /** The condition of rows that a test of changed rows looks at. */
  readonly changedRows: (test: ResolvedTest) => SQL;
}

/** Asks the database for the rows that fail a test. A query that does not work is a result too. */
export async function runTest(resolved: ResolvedTest, options: RunTestOptions): Promise<TestResult> {
  const { test, model } = resolved;
  const started = performance.now();
  // Every test of a build listens to the same one.
  setMaxListeners(0, options.signal);
  const end = (result: Pick<TestResult, "status" | "failures" | "rows" | "error">): TestResult => ({
    model: model.name,
    test: test.name,
    severity: test.severity,
    ...result,
    durationMs: Math.round(performance.now() - started),
  });
  try {
    const { failures, rows } = await findFailures(testQuery(resolved, options.changedRows(resolved)), options);
    return end({ status: judgeTest(test, failures), failures, rows });
  } catch (error) {
    options.signal.throwIfAborted();
    if (isConnectionLoss(error)) throw error;
    return end({ status: "errored", failures: 0, rows: [], error: explain(error, resolved) });
  }
}

async function findFailures(
  { text, values }: TestQuery,
  { database, signal }: RunTestOptions,
): Promise<Pick<TestResult, "failures" | "rows">> {
  return withQuerySlot(database, signal, () =>
    database.transaction(async (client) => {
      // Count and rows are those of one moment, and a test writes nothing.
      await client.query("set transaction isolation level repeatable read, read only");
      return withCancel({ database, client, signal }, async () => {
        const counted = await client.query<{ failures: string }>(
          `select count(*) as failures from (\n${text}\n) as failing`,
          [...values],
        );
        const failures = Number(counted.rows[0]?.failures ?? 0);
        if (failures === 0) return { failures, rows: [] };
        const { rows } = await client.query<{ row: Record<string, unknown> }>(
          `select row_to_json(failing) as row from (\n${text}\n) as failing limit ${MAX_ROWS}`,
          [...values],
        );
        return { failures, rows: rows.map(({ row }) => cutTexts(row)) };
      });
    }),
  );
}

// A document in a column would be kept a hundred times.
function cutTexts(row: Record<string, unknown>): Record<string, unknown> {
  const cut = (value: unknown) =>
    typeof value === "string" && value.length > MAX_TEXT_LENGTH ? `${value.slice(0, MAX_TEXT_LENGTH)}…` : value;
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, cut(value)]));
}

function explain(error: unknown, { model, test }: ResolvedTest): ErrorJson {
  const isMissing = (error as { code?: unknown }).code === "42P01";
  const json = errorToJson(explainSqlError(error, model.name));
  const hint = isMissing
    ? `Run the models first: \`millrace run ${model.name}\`.`
    : `Fix test ${test.name}, or the columns it names.`;
  return { ...json, hint };
}

/** Waits for tests that run side by side and reports their results in the order of declaration, each as soon as possible. */
export async function inDeclaredOrder(
  running: readonly Promise<TestResult>[],
  onResult: (result: TestResult) => void,
): Promise<readonly TestResult[]> {
  const all = Promise.all(running);
  // One that fails while an earlier one is waited for is handled here as well.
  all.catch(() => undefined);
  for (const result of running) onResult(await result);
  return all;
}
