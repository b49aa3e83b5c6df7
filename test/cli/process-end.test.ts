import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase } from "../support/test-database.ts";
import { createFolder, startCli } from "./run-cli.ts";

let folder: Awaited<ReturnType<typeof createFolder>>;
let database: Awaited<ReturnType<typeof createTestDatabase>>;

const model = (name: string, body: string, rest = "") => `
import { defineModel } from "millrace";
import { integer, pipelineTable } from "millrace/schema";
export const ${name} = defineModel({
  name: "shop.${name}",
  table: pipelineTable("${name}", { id: integer().primaryKey() }),
  sources: {}, ${rest}
  async run({ writer }) { ${body} return writer.receipt(); },
});
`;

const MODELS = {
  exits: model("exits", "process.exit(0);"),
  rejects: model(
    "rejects",
    "void Promise.reject(new Error('nobody')); await new Promise((r) => setTimeout(r, 60_000));",
  ),
  throws: model(
    "throws",
    "setTimeout(() => { throw new Error('late'); }, 1); await new Promise((r) => setTimeout(r, 60_000));",
  ),
  opens: model("opens", "setInterval(() => undefined, 1_000);"),
  blocks: model("blocks", "for (;;) {}", "timeoutMs: 300,"),
};

beforeAll(async () => {
  folder = await createFolder();
  database = await createTestDatabase();
  await mkdir(join(folder.path, "models"));
  await writeFile(join(folder.path, "millrace.config.ts"), 'export default { models: "./models" };');
  for (const [name, text] of Object.entries(MODELS)) await writeFile(join(folder.path, `models/${name}.ts`), text);
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

const start = (...args: string[]) => startCli(args, { cwd: folder.path, env: { DATABASE_URL: database.url } });

const statusOf = async (name: string) => {
  const { stdout } = await start("runs", "ls", "--json");
  const runs = JSON.parse(stdout) as readonly { readonly pipeline: string; readonly status: string }[];
  return runs.find(({ pipeline }) => pipeline.endsWith(name))?.status;
};

test.each([
  ["exits", "called process.exit(0)", "PROCESS_EXIT", "failed"],
  ["rejects", "nobody caught an error: Error: nobody", "UNCAUGHT_ERROR", "failed"],
  ["throws", "nobody caught an error: Error: late", "UNCAUGHT_ERROR", "failed"],
  ["blocks", "its function blocks the process past its `timeoutMs`", "UNIT_BLOCKED", "interrupted"],
] as const)(
  "a model that %s ends its run with exit 1 and its name",
  async (name, says, code, status) => {
    const ended = await start("run", `shop.${name}`);
    const said = `${ended.stdout}${ended.stderr}`.replaceAll(/\s+/g, " ");
    expect(ended.code, said).toBe(1);
    expect(said).toContain(`shop.${name}`);
    expect(said).toContain(says);
    expect(said).toContain(code);
    expect(said).not.toMatch(/ at (?:file|node):/);
    expect(await statusOf(name)).toBe(status);
  },
  60_000,
);

test("what a model leaves open does not hold the process", async () => {
  const { code, stdout, stderr } = await start("run", "shop.opens");
  expect(code, stdout + stderr).toBe(0);
}, 60_000);

test("an await without an end and an exit while files are loaded are messages", async () => {
  const config = (text: string) => writeFile(join(folder.path, "millrace.config.ts"), text);
  await config("await new Promise(() => {}); export default {};");
  const stalled = await start("ls");
  expect(stalled).toMatchObject({ code: 1, stderr: expect.stringContaining("NEVER_SETTLED") as string });
  await config("process.exit(0); export default {};");
  const exited = await start("ls");
  expect(exited.code).not.toBe(0);
  expect(exited.stderr).toContain("PROCESS_EXIT");
}, 60_000);

test("a command that has ended is no fault", async () => {
  await writeFile(join(folder.path, "millrace.config.ts"), 'export default { models: "./models" };');
  expect(await start("ls")).toMatchObject({ code: 0 });
}, 60_000);
