import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import type { RunEvent } from "../../src/state/run-events.ts";
import { createTestDatabase } from "../support/test-database.ts";
import { createFolder, runCli } from "./run-cli.ts";

const HEAD = `import { defineModel, defineSqlModel, documents, ref } from "millrace";
import { integer, pipelineTable, primaryKey, sql, text } from "millrace/schema";

`;

const FILES: Readonly<Record<string, string>> = {
  "millrace.config.ts": `import { defineConfig } from "millrace";
export default defineConfig({
  documents: ["./docs/**/*.md"],
  selectors: { nightly: "tag:nightly+" },
  exposures: [{ name: "wall", type: "dashboard", owner: { name: "Ada" }, dependsOn: ["words.total"] }],
});
`,
  "models/raw/lines.ts": `${HEAD}
export const lines = defineModel({
  name: "raw.lines",
  tags: ["nightly"],
  owner: "ada",
  meta: { tier: 1 },
  table: pipelineTable("lines", { documentId: text().notNull(), n: integer().notNull(), content: text() }, (t) => [
    primaryKey({ columns: [t.documentId, t.n] }),
  ]),
  sources: { documents: documents({ content: true }) },
  forEach: "documents",
  async run({ row }) {
    return row.content.trim().split("\\n").map((content, n) => ({ documentId: row.id, n, content }));
  },
});
`,
  "models/words.ts": `${HEAD}import { lines } from "./raw/lines.ts";
export const shown = defineSqlModel({
  name: "words.shown",
  sources: { lines: ref(lines) },
  table: pipelineTable("shown", { content: text().primaryKey() }),
  sql: ({ lines }) => sql\`select distinct \${lines.content} from \${lines}\`,
});
export const total = defineModel({
  name: "words.total",
  tags: ["slow"],
  table: pipelineTable("total", { content: text().primaryKey() }),
  sources: { shown: ref(shown) },
  forEach: "shown",
  async run({ row }) {
    return { content: row.content };
  },
});
`,
  "models/titles.ts": `${HEAD}
export const titles = defineModel({
  name: "titles",
  table: pipelineTable("titles", { documentId: text().primaryKey(), title: text() }),
  sources: { documents: documents() },
  forEach: "documents",
  async run({ row }) {
    return { documentId: row.id, title: row.title };
  },
});
`,
  "docs/a.md": "one\ntwo\n",
  "docs/b.md": "three\n",
};

async function createProject() {
  const folder = await createFolder();
  const database = await createTestDatabase();
  const write = async (file: string, content: string) => {
    await mkdir(dirname(join(folder.path, file)), { recursive: true });
    await writeFile(join(folder.path, file), content);
  };
  for (const [file, content] of Object.entries(FILES)) await write(file, content);
  const run = (line: string) => runCli(line.split(" "), { cwd: folder.path, env: { DATABASE_URL: database.url } });
  return {
    run,
    write,
    path: folder.path,
    /** Names that a command lists, plans or runs, in order. */
    names: async (line: string) => {
      const { stdout, stderr, code } = await run(`${line} --json`);
      if (code !== 0) throw new Error(stderr);
      const data = JSON.parse(stdout) as { name?: string; models?: { model: string }[] }[];
      return Array.isArray(data)
        ? data.map(({ name }) => name)
        : (data as { models: { model: string }[] }).models.map(({ model }) => model);
    },
    /** Names of the models that a command runs. */
    ran: async (line: string) => {
      const { stdout, stderr, code } = await run(`${line} --json`);
      if (code !== 0) throw new Error(stderr);
      const lines = stdout.trim().split("\n");
      const events = lines.map((each) => JSON.parse(each) as RunEvent);
      return events.flatMap((event) => (event.type === "model_finished" ? event.model : [])).toSorted();
    },
    rows: async (model: string) => {
      const { stdout } = await run(`show ${model} --json`);
      return (JSON.parse(stdout) as { total: number }).total;
    },
    async [Symbol.asyncDispose]() {
      await database[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

test("ls, graph and plan show what is selected", async () => {
  await using project = await createProject();
  expect(await project.names("ls -s tag:nightly+ --exclude tag:slow")).toEqual(["raw.lines", "words.shown"]);
  expect(await project.names("ls --select titles words.total")).toEqual(["titles", "words.total"]);
  expect(await project.names("ls -s selector:nightly")).toEqual(["raw.lines", "words.shown", "words.total"]);
  expect(await project.names("ls -s +exposure:wall,path:models/raw")).toEqual(["raw.lines"]);
  expect(await project.names("ls words -s shown titles")).toEqual(["words.shown"]);
  expect(await project.names("graph --exclude words")).toEqual(["raw.lines", "titles"]);
  expect(await project.names("plan -s titles 1+words.shown")).toEqual(["raw.lines", "titles", "words.shown"]);
  expect(JSON.parse((await project.run("ls -s lines --json")).stdout)).toMatchObject([
    { name: "raw.lines", tags: ["nightly"], owner: "ada", meta: { tier: 1 } },
  ]);
});

test("a run of a selection leaves all other models alone, also when documents are gone", async () => {
  await using project = await createProject();
  expect((await project.run("run")).code).toBe(0);
  await project.write("docs/a.md", "one\nfour\nfive\n");
  await rm(join(project.path, "docs/b.md"));
  expect(await project.ran("run -s lines --allow-deletes")).toEqual(["raw.lines"]);
  expect(await Promise.all(["raw.lines", "titles", "words.total"].map(project.rows))).toEqual([3, 2, 3]);
  expect(await project.ran("run --exclude words")).toEqual(["raw.lines", "titles"]);
  expect(await Promise.all(["raw.lines", "titles", "words.total"].map(project.rows))).toEqual([3, 1, 3]);
  expect(await project.ran("run")).toEqual(["raw.lines", "titles", "words.shown", "words.total"]);
  expect(await project.rows("words.total")).toBe(3);
});

test("a view between two selected models passes on what the first has written", async () => {
  await using project = await createProject();
  await project.run("run");
  await project.write("docs/b.md", "three\nfour\n");
  const plan = await project.run("plan -s lines total --json");
  expect(JSON.parse(plan.stdout)).toMatchObject({
    models: [{ model: "raw.lines" }, { model: "words.total", upstreamPending: ["raw.lines"] }],
  });
  expect(await project.ran("run -s lines total")).toEqual(["raw.lines", "words.total"]);
  expect(await project.rows("words.total")).toBe(4);
});

test("state: is what has changed since the stored rows were made, result: what became of the last run", async () => {
  await using project = await createProject();
  expect(await project.names("ls -s state:new")).toEqual(["raw.lines", "titles", "words.shown", "words.total"]);
  await project.run("run --exclude titles");
  expect(await project.names("ls -s state:new")).toEqual(["titles"]);
  expect(await project.names("ls -s result:success")).toEqual(["raw.lines", "words.shown", "words.total"]);
  await project.write(
    "models/words.ts",
    FILES["models/words.ts"]!.replace("content: row.content }", "content: row.content + '!' }"),
  );
  expect(await project.names("ls -s state:modified --exclude state:new")).toEqual(["words.total"]);
  expect(await project.names("ls -s state:modified.body --exclude state:new")).toEqual(["words.total"]);
  await project.write(
    "models/words.ts",
    FILES["models/words.ts"]!.replace("content: row.content }", "content: row.nothing.at }"),
  );
  expect((await project.run("run -s total+")).code).toBe(1);
  expect(await project.names("ls -s result:error")).toEqual(["words.total"]);
});

test("a selector that matches nothing is a warning with the nearest names", async () => {
  await using project = await createProject();
  const { code, stdout, stderr } = await project.run("run -s words.totl");
  expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
  expect(stderr).toBe(
    'warning Selector "words.totl" matches nothing. Nearest: "words.total".\nNothing to do: no model is selected.\n',
  );
});

test.each([
  ["ls -s tga:x", 'there is no method "tga:". Did you mean "tag"? [SELECTOR_INVALID]'],
  ["run -s @lines+", "[SELECTOR_INVALID]"],
  ["plan -s selector:nigthly", 'no selector is named "nigthly". Did you mean "nightly"? [SELECTOR_UNKNOWN]'],
  ["graph -s", "-s needs a value. [OPTION_VALUE]"],
  ["run -s lines --state target", "--state is given, but no selector uses it. [STATE_UNUSED]"],
])("millrace %s is wrong use", async (line, message) => {
  await using project = await createProject();
  const { code, stderr } = await project.run(line);
  expect(stderr).toContain(message);
  expect(code).toBe(2);
});
