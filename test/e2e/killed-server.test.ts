import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { openProject } from "millrace";
import { expect, test } from "vitest";
import { embeddedPostgresStatus, resetEmbeddedPostgres } from "../../src/database/embedded/embedded-postgres.ts";
import { declareWords } from "../support/word-project.ts";

test("a run brings the embedded server back that was killed, and goes on", { timeout: 120_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), "millrace-killed-"));
  const directory = join(folder, ".millrace", "postgres");
  try {
    await mkdir(join(folder, "docs"));
    for (let index = 0; index < 100; index += 1)
      await writeFile(join(folder, "docs", `${index}.md`), `word${index % 9}\nonly${index}`);
    const { calls, models } = declareWords({ beforeLine: () => sleep(20) });
    await using project = await openProject({ directory: folder, models: [...models], documents: ["./docs"] });
    const running = project.runPipeline();
    while (calls.lines.length < 10) await sleep(5);
    const { pid } = await embeddedPostgresStatus({ directory });
    process.kill(pid ?? 0, "SIGKILL");
    expect(await running).toMatchObject({ status: "succeeded", errors: {} });
    const database = await project.openDatabase();
    expect(await database.query("select words from public.total")).toEqual([{ words: 109 }]);
  } finally {
    await resetEmbeddedPostgres({ directory });
    await rm(folder, { recursive: true, force: true });
  }
});
