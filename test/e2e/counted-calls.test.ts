import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openProject } from "millrace";
import { Database } from "../../src/database/connect.ts";
import { createTestProject, type TestProject } from "millrace/testing";

const HELPER = `export function shout(text: string): string {
  return text.toUpperCase();
}
`;
const UPSTREAM = `import { appendFileSync } from "node:fs";
import { defineModel, ref } from "millrace";
import { integer, pipelineTable, text } from "millrace/schema";

const note = (call: string) => appendFileSync(new URL("../calls.log", import.meta.url), call + "\\n");

export const first = defineModel({
  name: "n.first",
  description: "Takes rows over",
  table: pipelineTable("first", { id: integer().primaryKey(), value: text().notNull() }),
  sources: { input: ref("input", { columns: ["id", "value"] }) },
  forEach: "input",
  async run({ row }) {
    note("first");
    return { id: Number(row["id"]), value: String(row["value"]) };
  },
});

export const sibling = defineModel({
  name: "n.sibling",
  table: pipelineTable("sibling", { id: integer().primaryKey() }),
  sources: { first: ref(first, { columns: ["id"] }) },
  forEach: "first",
  async run({ row }) {
    note("sibling");
    return { id: row.id };
  },
});
`;
const MODEL = `import { appendFileSync } from "node:fs";
import { defineModel, ref } from "millrace";
import { integer, pipelineTable, text } from "millrace/schema";
import { z } from "zod";
import { shout } from "../helpers/shout.ts";
import { first } from "./upstream.ts";

const note = (call: string) => appendFileSync(new URL("../calls.log", import.meta.url), call + "\\n");

export const loud = defineModel({
  name: "n.loud",
  description: "Makes values loud",
  table: pipelineTable("loud", { id: integer().primaryKey(), value: text().notNull() }),
  sources: { first: ref(first, { columns: ["id", "value"] }), tones: ref("tones") },
  forEach: "first",
  config: z.object({ mark: z.string().default("!") }),
  async run({ row, config, sources }) {
    note("loud");
    const tones = await sources.tones.count();
    const words = shout(row.value);
    return { id: row.id, value: words + config.mark.repeat(tones) };
  },
});
`;

/** Edits a file of the project, runs everything anew and counts the calls of each model. */
async function runAfter(
  project: TestProject,
  edits: Readonly<Record<string, (text: string) => string>> = {},
  settings: Readonly<Record<string, string>> = {},
): Promise<Record<string, number>> {
  for (const [name, edit] of Object.entries(edits)) {
    const file = join(project.directory, name);
    const before = await readFile(file, "utf8");
    const after = edit(before);
    expect(after, `an edit of ${name}`).not.toBe(before);
    await writeFile(file, after);
  }
  await project.project[Symbol.asyncDispose]();
  const log = join(project.directory, "calls.log");
  await writeFile(log, "");
  await using fresh = await openProject({
    directory: project.directory,
    database: project.databaseUrl,
    documents: [],
    models: ["./models"],
  });
  expect(await fresh.runPipeline("n", { settings })).toMatchObject({ status: "succeeded" });
  const counts: Record<string, number> = {};
  for (const name of (await readFile(log, "utf8")).split("\n").filter(Boolean)) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

test("functions are called again when what they do has changed, and only then", { timeout: 120_000 }, async () => {
  await using test_ = await createTestProject({
    models: { upstream: UPSTREAM, loud: MODEL, "../helpers/shout": HELPER },
  });
  await test_.query("create table input (id integer primary key, value text, other text)");
  await test_.query("create table tones (id integer primary key)");
  await test_.query("insert into input select g, 'v' || g, 'o' from generate_series(1, 3) g");
  await test_.query("insert into tones values (1)");
  const model = (edit: (text: string) => string) => runAfter(test_, { "models/loud.ts": edit });
  const upstream = (edit: (text: string) => string) => runAfter(test_, { "models/upstream.ts": edit });

  expect(await runAfter(test_)).toEqual({ first: 3, sibling: 3, loud: 3 });
  expect(await runAfter(test_)).toEqual({});
  // Nothing that is done changes.
  expect(await model((text) => text.replaceAll("words", "output"))).toEqual({});
  expect(await model((text) => text.replace("  async run(", "\n  // says it louder\n  async   run("))).toEqual({});
  expect(await model((text) => text.replace("Makes values loud", "Makes each value loud"))).toEqual({});
  expect(await runAfter(test_, { "helpers/shout.ts": (text) => `${text}\nexport const unused = 1;\n` })).toEqual({});
  expect(await upstream((text) => text.replace("return { id: row.id };", "return { id: row.id * 1 };"))).toEqual({
    sibling: 3,
  });
  // The upstream does something else and writes the same.
  expect(await upstream((text) => text.replace('String(row["value"])', '`${String(row["value"])}`.trim()'))).toEqual({
    first: 3,
  });
  // What is done changes.
  expect(await model((text) => text.replace("output + config", "output + ' ' + config"))).toEqual({ loud: 3 });
  expect(
    await runAfter(test_, { "helpers/shout.ts": (text) => text.replace("toUpperCase()", "toUpperCase().trim()") }),
  ).toEqual({ loud: 3 });
  expect(await runAfter(test_, {}, { "n.loud.mark": "?" })).toEqual({ loud: 3 });
  expect(await runAfter(test_)).toEqual({ loud: 3 });
  await using database = new Database({ url: test_.databaseUrl });
  // Input: a column that nobody reads, one that is read, and a source that every unit sees in full.
  await database.query("update input set other = 'changed'");
  expect(await runAfter(test_)).toEqual({});
  await database.query("update input set value = 'other' where id = 2");
  expect(await runAfter(test_)).toEqual({ first: 1, loud: 1 });
  await database.query("insert into tones values (2)");
  expect(await runAfter(test_)).toEqual({ loud: 3 });
});
