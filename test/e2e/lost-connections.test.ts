import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { Database } from "../../src/database/connect.ts";
import { isConnectionLoss } from "../../src/database/server-error.ts";
import { createTestProject } from "millrace/testing";
import { declareWords } from "../support/word-project.ts";

const isAnswering = (database: Database) =>
  database.query("select 1").then(
    () => true,
    () => false,
  );

test("a run survives that the server ends its connections, whenever that is", { timeout: 120_000 }, async () => {
  const { calls, models } = declareWords({ beforeLine: () => sleep(20) });
  await using test_ = await createTestProject({
    models: [...models],
    documents: Object.fromEntries(
      Array.from({ length: 200 }, (_, index) => [`${index}.md`, `word${index % 9}\nonly${index}`]),
    ),
  });
  const other = new URL(test_.databaseUrl);
  other.pathname = "/postgres";
  await using server = new Database({ url: other.href, maxConnections: 1 });
  const name = new URL(test_.databaseUrl).pathname.slice(1);
  const over = new AbortController();
  const endConnections = async () => {
    for (let wait = 40; !over.signal.aborted; wait *= 1.6) {
      await server.query("select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", [name]);
      await sleep(wait);
    }
  };
  const running = test_.project.runPipeline().finally(() => over.abort());
  // The documents are read and the tables made by then.
  while (calls.lines.length === 0) await sleep(5);
  const [result] = await Promise.all([running, endConnections()]);
  expect(result).toMatchObject({ status: "succeeded", errors: {} });
  expect(await test_.query("select count(*)::int as lines from lines")).toEqual([{ lines: 400 }]);
  expect(await test_.query("select words from total")).toEqual([{ words: 209 }]);
});

test(
  "connections that end while a run is prepared are an error of that run, not the end of the process",
  { timeout: 60_000 },
  async () => {
    for (const delay of [15, 40, 100, 200]) {
      const { models } = declareWords();
      await using test_ = await createTestProject({ models: [...models], documents: { "a.md": "red" } });
      const url = new URL(test_.databaseUrl);
      const name = url.pathname.slice(1);
      url.pathname = "/postgres";
      await using server = new Database({ url: url.href, maxConnections: 1 });
      await test_.project.openDatabase();
      const running = test_.project.runPipeline().then(
        (result) => result.status,
        (error: unknown) => (isConnectionLoss(error) ? "lost" : error),
      );
      await sleep(delay);
      await server.query("select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", [name]);
      // It has failed when it had begun by then.
      expect(["succeeded", "failed", "lost"]).toContain(await running);
      // The pool has to notice, one connection after the other.
      const database = await test_.project.openDatabase();
      while (!(await Promise.all(Array.from({ length: 20 }, () => isAnswering(database)))).every(Boolean))
        await sleep(20);
      expect(await test_.project.runPipeline()).toMatchObject({ status: "succeeded" });
    }
  },
);
