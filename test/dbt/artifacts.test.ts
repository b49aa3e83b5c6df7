import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { defineModel, defineSeed, defineSqlModel, documents, notNull, ref } from "millrace";
import { integer, pipelineTable, sql, text } from "millrace/schema";
import { createTestProject } from "millrace/testing";
import { writeSourcesArtifact } from "../../src/dbt/sources-artifact.ts";
import { selectInProject } from "../../src/dbt/select-in-project.ts";
import { writeManifest, writeRunArtifacts } from "../../src/dbt/write-artifacts.ts";
import { type Format, schemaErrors } from "./schema-errors.ts";

interface Given {
  readonly fails?: boolean;
  readonly suffix?: string;
  readonly withLater?: boolean;
}

/** Documents → titles → a view; a model that may fail and one below it. */
function declare({ fails = false, suffix = "", withLater = true }: Given = {}) {
  const titles = defineModel({
    name: "shop.titles",
    description: "Titles of documents",
    tags: ["nightly"],
    owner: "ada",
    meta: { tier: 1 },
    table: pipelineTable("titles", { documentId: text().primaryKey(), title: text().notNull() }),
    sources: { documents: documents(), extra: ref("outside", { untracked: true }) },
    forEach: "documents",
    tests: [notNull("title")],
    run:
      suffix === ""
        ? async ({ row }) => ({ documentId: row.id, title: row.title ?? "" })
        : async ({ row }) => ({ documentId: row.id, title: `${row.title}!` }),
  });
  const shown = defineSqlModel({
    name: "shop.shown",
    sources: { titles: ref(titles) },
    table: pipelineTable("shown", { title: text() }),
    sql: ({ titles }) => sql`select ${titles.title} from ${titles}`,
  });
  const count = defineModel({
    name: "shop.count",
    table: pipelineTable("count", { n: integer().primaryKey() }),
    sources: { shown: ref(shown) },
    async run({ sources, writer }) {
      if (fails) throw new Error("no count today");
      return writer.write({ n: await sources.shown.count() });
    },
  });
  const later = defineModel({
    name: "shop.later",
    table: pipelineTable("later", { n: integer().primaryKey() }),
    sources: { count: ref(count) },
    async run({ sources, writer }) {
      return writer.write(sources.count);
    },
  });
  return [titles, shown, count, ...(withLater ? [later] : [])];
}

async function createProject(given: Given = {}) {
  const test = await createTestProject({
    models: declare(given),
    documents: { "a.md": "# A\n", "b.md": "# B\n" },
    config: {
      name: "little-shop",
      selectors: { nightly: "tag:nightly+" },
      exposures: [{ name: "wall", type: "dashboard", owner: { name: "Ada" }, dependsOn: ["shop.count", "outside"] }],
    },
  });
  await test.query("create table outside (id int primary key)");
  return test;
}

const warn = (message: string) => {
  throw new Error(message);
};

/** As much of one as these tests look at. */
interface Artifact {
  readonly metadata: { readonly invocation_id?: string };
  readonly nodes: Readonly<Record<string, object>>;
  readonly exposures: Readonly<Record<string, object>>;
  readonly parent_map: Readonly<Record<string, readonly string[]>>;
  readonly child_map: Readonly<Record<string, readonly string[]>>;
  readonly results: readonly { readonly unique_id: string; readonly status: string }[];
}

async function read(directory: string, file: string): Promise<Artifact> {
  return JSON.parse(await readFile(join(directory, "target", file), "utf8")) as Artifact;
}

async function expectValid(directory: string, file: string, format: Format) {
  expect(schemaErrors(format, await read(directory, file))).toEqual([]);
}

test("the manifest is valid, and says what every model is", async () => {
  await using own = await createProject();
  await writeManifest(own.project, warn);
  await expectValid(own.directory, "manifest.json", "manifest-v12");
  const manifest = await read(own.directory, "manifest.json");
  expect(manifest.nodes["model.little-shop.shop.titles"]).toMatchObject({
    name: "shop.titles",
    fqn: ["little-shop", "shop", "titles"],
    description: "Titles of documents",
    tags: ["nightly"],
    meta: { tier: 1, millrace: { form: "row", owner: "ada", forEach: "documents", writeStrategy: "replace" } },
    config: { materialized: "incremental", unique_key: ["document_id"] },
    columns: { title: { data_type: "text" } },
    depends_on: { nodes: ["source.little-shop.millrace.documents", "source.little-shop.public.outside"] },
  });
  expect(manifest.nodes["model.little-shop.shop.shown"]).toMatchObject({
    language: "sql",
    config: { materialized: "view" },
    depends_on: { nodes: ["model.little-shop.shop.titles"] },
  });
  expect(manifest.nodes["test.little-shop.shop.titles.not_null(title)"]).toMatchObject({
    resource_type: "test",
    attached_node: "model.little-shop.shop.titles",
    column_name: "title",
  });
  expect(manifest.exposures["exposure.little-shop.wall"]).toMatchObject({
    type: "dashboard",
    depends_on: { nodes: ["model.little-shop.shop.count", "source.little-shop.public.outside"] },
  });
  expect(manifest.parent_map["model.little-shop.shop.count"]).toEqual(["model.little-shop.shop.shown"]);
  expect(manifest.child_map["source.little-shop.public.outside"]).toEqual([
    "model.little-shop.shop.titles",
    "exposure.little-shop.wall",
  ]);
});

test("run results are valid, with dbt's words for how models and tests ended", async () => {
  await using own = await createProject({ fails: true });
  const result = await own.project.runPipeline(undefined, { tests: true, stopOnError: false });
  await writeRunArtifacts(own.project, result, warn);
  await expectValid(own.directory, "run_results.json", "run-results-v6");
  await expectValid(own.directory, "manifest.json", "manifest-v12");
  const { results, metadata } = await read(own.directory, "run_results.json");
  expect(metadata.invocation_id).toBe(result.runId);
  expect(results.map(({ unique_id: id, status }) => `${id} ${status}`).toSorted()).toEqual([
    "model.little-shop.shop.count error",
    "model.little-shop.shop.later skipped",
    "model.little-shop.shop.shown success",
    "model.little-shop.shop.titles success",
    "test.little-shop.shop.titles.not_null(title) pass",
  ]);
  const count = results.find(({ unique_id: id }) => id === "model.little-shop.shop.count");
  expect(count).toMatchObject({
    message: expect.stringContaining("no count today"),
    relation_name: expect.stringContaining('"count"'),
  });
});

test("a seed is a seed", async () => {
  const sizes = defineSeed({
    name: "shop.sizes",
    file: "seeds/sizes.csv",
    table: pipelineTable("sizes", { n: integer().primaryKey() }),
  });
  await using own = await createTestProject({ models: [sizes], config: { name: "little-shop" } });
  await writeManifest(own.project, warn);
  await expectValid(own.directory, "manifest.json", "manifest-v12");
  expect((await read(own.directory, "manifest.json")).nodes["seed.little-shop.shop.sizes"]).toMatchObject({
    resource_type: "seed",
    config: { materialized: "seed" },
  });
});

test("sources.json is valid", async () => {
  await using own = await createProject();
  const checkedAt = new Date("2026-01-02T00:00:00Z");
  await writeSourcesArtifact(
    own.project,
    {
      durationMs: 12,
      results: [
        {
          source: "outside",
          status: "warn",
          maxLoadedAt: new Date("2026-01-01T00:00:00Z"),
          checkedAt,
          warnAfter: { count: 12, period: "hour" },
          errorAfter: undefined,
          durationMs: 3,
        },
        { source: "documents", status: "runtime error", error: "no such column" },
      ],
    },
    warn,
  );
  await expectValid(own.directory, "sources.json", "sources-v3");
  const { results } = await read(own.directory, "sources.json");
  expect(results[0]).toMatchObject({
    unique_id: "source.little-shop.public.outside",
    max_loaded_at_time_ago_in_s: 86_400,
  });
});

test("--state compares with a manifest and its run results, wherever the database stands", async () => {
  await using before = await createProject({ fails: true, withLater: false });
  await writeRunArtifacts(before.project, await before.project.runPipeline(), warn);
  const state = join(before.directory, "target");
  await using same = await createProject({ fails: true, withLater: false });
  expect(await selectInProject(same.project, { select: ["state:modified"], state })).toEqual([]);
  expect(await selectInProject(same.project, { select: ["result:error"], state })).toEqual(["shop.count"]);
  await using after = await createProject({ fails: true, suffix: "!" });
  expect(await selectInProject(after.project, { select: ["state:new"], state })).toEqual(["shop.later"]);
  expect(await selectInProject(after.project, { select: ["state:modified"], state })).toEqual([
    "shop.titles",
    "shop.later",
  ]);
  await expect(selectInProject(after.project, { select: ["state:new"], state: "nowhere" })).rejects.toThrow(
    "does not exist",
  );
});

test("a folder that cannot be written is a warning and no failure", async () => {
  await using own = await createProject();
  await writeFile(join(own.directory, "target"), "a file");
  const warnings: string[] = [];
  await writeManifest(own.project, (message) => warnings.push(message));
  expect(warnings).toEqual([expect.stringContaining("target/manifest.json was not written:")]);
});
