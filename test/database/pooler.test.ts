import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openProject } from "millrace";
import pg from "pg";
import { describe, expect, test } from "vitest";
import { Database } from "../../src/database/connect.ts";
import { createFolder, runCli } from "../cli/run-cli.ts";
import { queryValue } from "./embedded/temporary-server.ts";
import { hasPgBouncer, startPgBouncer } from "../support/pgbouncer.ts";
import { createTestDatabase } from "../support/test-database.ts";
import { declareWords } from "../support/word-project.ts";

describe.skipIf(!hasPgBouncer)("behind PgBouncer", () => {
  test.each([
    ["transaction", {}],
    ["transaction", { default_pool_size: 1 }],
    ["transaction", { server_round_robin: 1 }],
    ["transaction", { ignore_startup_parameters: "options,extra_float_digits" }],
    ["statement", {}],
  ])("pooling by %s is refused in one sentence, and leaves nothing behind: %o", async (mode, settings) => {
    await using created = await createTestDatabase();
    await using pooler = await startPgBouncer(created.url, { pool_mode: mode, ...settings });
    await using folder = await createFolder();
    await mkdir(join(folder.path, "docs"));
    await using project = await openProject({
      directory: folder.path,
      database: pooler.url,
      target: "dev",
      documents: ["./docs"],
      models: [...declareWords().models],
    });
    await expect(project.runPipeline()).rejects.toMatchObject({
      code: "DATABASE_POOLED",
      hint: expect.stringContaining("pool_mode = session") as string,
    });
    expect(await queryValue(pooler.url, "show search_path")).toBe(await queryValue(created.url, "show search_path"));
  });

  test("doctor says so too", async () => {
    await using created = await createTestDatabase();
    await using pooler = await startPgBouncer(created.url, { pool_mode: "transaction" });
    await using folder = await createFolder();
    await mkdir(join(folder.path, "models"));
    await writeFile(join(folder.path, "millrace.config.mjs"), "export default {};");
    const { code, stdout } = await runCli(["doctor"], { cwd: folder.path, env: { DATABASE_URL: pooler.url } });
    expect(code).toBe(1);
    expect(stdout).toMatch(/✗ database .*lends a session for one transaction only/);
  });

  test.each([
    ["knows no options", {}],
    ["ignores options", { ignore_startup_parameters: "options,extra_float_digits" }],
    ["lends few sessions", { default_pool_size: 6 }],
  ])("a pooler by session that %s works, and tables go where the target says", async (_, settings) => {
    await using created = await createTestDatabase();
    await using pooler = await startPgBouncer(created.url, { pool_mode: "session", ...settings });
    await using folder = await createFolder();
    await mkdir(join(folder.path, "docs"));
    await writeFile(join(folder.path, "docs", "a.md"), "red\nblue");
    const run = async () => {
      await using project = await openProject({
        directory: folder.path,
        database: pooler.url,
        target: "dev",
        documents: ["./docs"],
        models: [...declareWords().models],
      });
      return await project.runPipeline();
    };
    expect(await run()).toMatchObject({ status: "succeeded" });
    await writeFile(join(folder.path, "docs", "b.md"), "green");
    expect(await run()).toMatchObject({ status: "succeeded" });
    await using database = new Database({ url: created.url });
    expect(await database.query("select words from dev.total")).toEqual([{ words: 3 }]);
    expect(await database.query("select to_regclass('public.total') as table")).toEqual([{ table: null }]);
  });

  test("what the last user of a lent session left behind is cleared away", async () => {
    await using created = await createTestDatabase();
    await using pooler = await startPgBouncer(created.url, { pool_mode: "session", server_reset_query: "" });
    const before = new pg.Client(pooler.url);
    await before.connect();
    await before.query({ name: "take lease", text: "select 1" });
    await before.query("create temp table millrace_work ()");
    await before.end();
    await using database = new Database({ url: pooler.url, maxConnections: 1 });
    expect(
      await database.query(
        "select (select count(*)::int from pg_prepared_statements) as statements, to_regclass('pg_temp.millrace_work') as work",
      ),
    ).toEqual([{ statements: 0, work: null }]);
  });
});
