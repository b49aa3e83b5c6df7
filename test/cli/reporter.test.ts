import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createTestDatabase } from "../support/test-database.ts";
import { createFolder, REPOSITORY, runCli } from "./run-cli.ts";

/** Writes what it hears into a file, some of it late. */
const CLASS = `
import { appendFileSync } from "node:fs";
import type { Reporter, ReporterContext, RunEvent } from "millrace";

export default class Recorder implements Reporter {
  readonly context: ReporterContext;
  constructor(context: ReporterContext) { this.context = context; }
  async onEvent(event: RunEvent) {
    if (event.type === "run_finished") await new Promise((done) => setTimeout(done, 50));
    appendFileSync("heard.txt", event.type + "\\n");
  }
  async close() { appendFileSync("heard.txt", "closed " + (this.context.directory === process.cwd()) + "\\n"); }
}
`;

test("a module of the project hears what happens in a run", async () => {
  await using folder = await createFolder();
  await using own = await createTestDatabase();
  const millrace = (...args: string[]) => runCli(args, { cwd: folder.path, env: { DATABASE_URL: own.url } });
  const write = (file: string, text: string) => writeFile(join(folder.path, file), text);
  const read = async (file: string) => (await readFile(join(folder.path, file), "utf8")).trim().split("\n");
  await millrace("init", ".");
  await write("recorder.ts", CLASS);

  const alone = await millrace("run", "--reporter", "recorder.ts");
  expect(alone).toEqual({ code: 0, stdout: "", stderr: "" });
  const heard = await read("heard.txt");
  expect(heard[0]).toBe("run_started");
  expect(heard).toContain("model_finished");
  expect(heard.slice(-2)).toEqual(["run_finished", "closed true"]);

  const page = await readFile(join(REPOSITORY, "docs/reporters.md"), "utf8");
  const [, object = "", factory = ""] = page.split(/^```ts\n/m).map((block) => block.split(/^```$/m)[0] ?? "");
  await mkdir(join(folder.path, "reporters"));
  await write("reporters/failures.ts", object);
  await write("reporters/count.ts", factory);
  const three = ["default", "reporters/failures.ts", "./reporters/count.ts"].flatMap((each) => ["--reporter", each]);
  const both = await millrace("build", "--full-refresh", ...three);
  expect(both.code).toBe(0);
  expect(both.stdout).toMatch(/notes\.outlines[^]*0 units failed\n$/);
  expect(await read("failures.txt")).toEqual(["run succeeded"]);
  const json = await millrace("run", "--json", "--reporter", "reporters/failures.ts");
  expect(JSON.parse(json.stdout.trim().split("\n").at(-1) ?? "")).toMatchObject({ type: "run_finished" });
  expect(await read("failures.txt")).toHaveLength(2);

  // Whoever watches a run cannot make it fail.
  await write("broken.ts", 'export default { onEvent() { throw new Error("no disk"); } };');
  await write("late.ts", 'export default { onEvent() {}, close: () => Promise.reject(new Error("no network")) };');
  const broken = await millrace("run", "--reporter", "broken.ts", "--reporter", "late.ts");
  expect(broken.code).toBe(0);
  expect(broken.stderr.trim().split("\n")).toEqual([
    "warning Reporter broken.ts failed and gets no more events: no disk",
    "warning Reporter late.ts failed and gets no more events: no network",
  ]);
});

test("a module that makes no reporter is wrong use, before anything runs", async () => {
  await using folder = await createFolder();
  const write = (file: string, text: string) => writeFile(join(folder.path, file), text);
  await runCli(["init", "."], { cwd: folder.path });
  await write("nothing.ts", "export const reporter = 1;");
  await write("wrong.ts", "export default () => ({ onEvents() {} });");
  await write("syntax.ts", "export default {;");
  await write("throws.ts", "export default () => { throw new Error('no token'); };");
  for (const [file, code, message] of [
    ["missing.ts", 2, "--reporter missing.ts: there is no such file. [FILE_NOT_FOUND]"],
    ["nothing.ts", 2, "--reporter nothing.ts: it exports no reporter. [REPORTER_INVALID]"],
    ["wrong.ts", 2, "--reporter wrong.ts: its function returns no reporter. [REPORTER_INVALID]"],
    ["syntax.ts", 2, "syntax.ts:1:17"],
    ["throws.ts", 2, "--reporter throws.ts: no token [REPORTER_INVALID]"],
  ] as const) {
    const result = await runCli(["run", "--reporter", file], { cwd: folder.path });
    expect(result, file).toMatchObject({ code, stdout: "", stderr: expect.stringContaining(message) as string });
  }
  for (const command of ["run", "build", "retry", "seed", "runs resume"]) {
    expect((await runCli([...command.split(" "), "--help"])).stdout, command).toContain("--reporter <file>");
  }
});
