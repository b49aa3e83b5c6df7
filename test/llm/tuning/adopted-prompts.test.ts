import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { defineModel, documents, openProject, ref } from "millrace";
import { loadTunedPrompt, openAiCompatible, signature } from "millrace/llm";
import { llmTelemetry, pipelineTable, text } from "millrace/schema";
import { createTestProject, type TestProject } from "millrace/testing";
import { z } from "zod";
import { type TunedPrompt, TUNED_PROMPT_FORMAT, formatTunedPrompt } from "../../../src/llm/prompts/tuned-prompt.ts";
import { type ModelServer, startModelServer } from "../model-server.ts";

const shape = { input: z.object({ content: z.string() }), output: z.object({ label: z.string() }) };
const topic = signature({ name: "topic", instructions: "Name the topic.", ...shape });
const mood = signature({ name: "mood", instructions: "Name the mood.", ...shape });

const table = (name: string) =>
  pipelineTable(name, { path: text().primaryKey(), label: text().notNull(), ...llmTelemetry() });

const topics = defineModel({
  name: "n.topics",
  table: table("topics"),
  sources: { documents: documents({ content: true }) },
  forEach: "documents",
  async run({ row, llm }) {
    const { output, telemetry } = await llm.predict(topic, { content: row.content });
    return { path: row.path ?? "", ...output, ...telemetry };
  },
});

const moods = defineModel({
  name: "n.moods",
  table: table("moods"),
  sources: { topics: ref(topics, { columns: ["path"] }) },
  forEach: "topics",
  async run({ row, llm }) {
    const { output, telemetry } = await llm.predict(mood, { content: row.path });
    return { path: row.path, ...output, ...telemetry };
  },
});

const words = defineModel({
  name: "n.all_topics",
  table: pipelineTable("all_topics", { label: text().primaryKey() }),
  sources: { topics: ref(topics, { columns: ["path"] }) },
  async run({ sources, llm, writer }) {
    const rows = await sources.topics.rows();
    const { output } = await llm.predict(mood, { content: rows.map(({ path }) => path).join(" ") });
    return writer.write({ label: output.label });
  },
});

function artifactOf(made: typeof topic, change: Partial<TunedPrompt> = {}): TunedPrompt {
  return {
    format: TUNED_PROMPT_FORMAT,
    signature: { name: made.name, fingerprint: made.fingerprint },
    asks: "predict",
    instructions: "Answer in capitals.\nOne word.",
    demonstrations: [{ input: { content: "red apples" }, output: { label: "FRUIT" } }],
    params: {},
    model: "tiny",
    scores: { before: 0.5, after: 1, interval: [0.8, 1], chance: 0.01 },
    data: { hash: "0", train: 10, dev: 10 },
    search: { strategy: "both", seed: 1, teacher: "tiny", candidates: 3, costUsd: 0 },
    ...change,
  };
}

async function adopt({ directory }: TestProject, name: string, artifact: TunedPrompt | string): Promise<void> {
  await mkdir(join(directory, "programs"), { recursive: true });
  const written = typeof artifact === "string" ? artifact : formatTunedPrompt(artifact);
  await writeFile(join(directory, "programs", `${name}.json`), written);
}

const startServer = () =>
  startModelServer({
    respond: ({ messages }) => {
      const label = /content:\n(\w+)/.exec(messages.at(-1)?.content ?? "")?.[1] ?? "none";
      return { label: messages[0]?.content.includes("capitals") === true ? label.toUpperCase() : label };
    },
  });

const createProject = (server: ModelServer) =>
  createTestProject({
    models: [topics, moods, words],
    documents: { "a.md": "apples", "b.md": "bears", "c.md": "cars" },
    config: {
      llm: {
        model: openAiCompatible({ baseUrl: server.url, model: "tiny" }),
        price: { inputPer1M: 1, outputPer1M: 1 },
      },
    },
  });

const labels = async (test: TestProject, from: string) =>
  (await test.query(`select label from ${from} order by 1`)).map(({ label }) => label);

const unitsOf = async (test: TestProject) =>
  Object.fromEntries(
    (await test.project.plan()).models.map(({ model, units, changed }) => [model, { units, changed }]),
  );

test("an adopted prompt runs exactly the rows of the models that ask its signature; taken away, the old answers are free", async () => {
  await using server = await startServer();
  await using test = await createProject(server);
  await test.project.runPipeline();
  const asked = server.requests;
  expect(await labels(test, "topics")).toEqual(["apples", "bears", "cars"]);

  await adopt(test, "topic", artifactOf(topic));
  expect(await unitsOf(test)).toEqual({
    "n.topics": { units: { prompt: 3 }, changed: ["topic"] },
    "n.moods": { units: { unchanged: 3 }, changed: [] },
    "n.all_topics": { units: { unchanged: 1 }, changed: [] },
  });
  const adopted = await test.project.runPipeline();
  expect(adopted).toMatchObject({ status: "succeeded", usage: { calls: 3, cachedCalls: 0 } });
  expect(server.requests).toBe(asked + 3);
  expect(await labels(test, "topics")).toEqual(["APPLES", "BEARS", "CARS"]);
  const { messages } = server.log.at(-1)!.request;
  expect(messages.slice(1, 3)).toEqual([
    { role: "user", content: "content:\nred apples" },
    { role: "assistant", content: '{"label":"FRUIT"}' },
  ]);
  expect(await unitsOf(test)).toMatchObject({ "n.topics": { units: { unchanged: 3 } } });

  await rm(join(test.directory, "programs", "topic.json"));
  expect(await unitsOf(test)).toMatchObject({ "n.topics": { units: { prompt: 3 } } });
  const removed = await test.project.runPipeline();
  expect(removed).toMatchObject({ usage: { calls: 3, cachedCalls: 3, costUsd: 0 } });
  expect(server.requests).toBe(asked + 3);
  expect(await labels(test, "topics")).toEqual(["apples", "bears", "cars"]);
});

test("a model that writes its whole table runs again for its prompt too, and explain says why", async () => {
  await using server = await startServer();
  await using test = await createProject(server);
  await test.project.runPipeline();
  await adopt(test, "mood", artifactOf(mood));
  expect(await unitsOf(test)).toMatchObject({
    "n.topics": { units: { unchanged: 3 } },
    "n.moods": { units: { prompt: 3 } },
    "n.all_topics": { units: { prompt: 1 }, changed: ["mood"] },
  });
  expect(await test.project.units.explain("n.all_topics", [])).toMatchObject({
    reason: "prompt",
    differences: ["tuned prompts have changed: mood"],
  });
});

test("scores, costs and files of other names run nothing", async () => {
  await using server = await startServer();
  await using test = await createProject(server);
  await adopt(test, "topic", artifactOf(topic));
  await test.project.runPipeline();
  const asked = server.requests;
  const remeasured = artifactOf(topic, { model: "other", data: { hash: "1", train: 5, dev: 5 } });
  await adopt(test, "topic", remeasured);
  await adopt(test, "topic.old", artifactOf(topic, { instructions: "Something else." }));
  await adopt(test, "settings", '{ "not": "an artifact" }');
  await test.project.runPipeline();
  expect(server.requests).toBe(asked);
});

test("output that was declared current still runs again for the prompt it was made with", async () => {
  await using server = await startServer();
  await using test = await createProject(server);
  await test.project.runPipeline();
  await adopt(test, "mood", artifactOf(mood));
  await test.project.units.markCurrent("n.moods");
  expect(await unitsOf(test)).toMatchObject({ "n.moods": { units: { kept: 3 } } });
  await adopt(test, "mood", artifactOf(mood, { instructions: "Answer in capitals." }));
  expect(await unitsOf(test)).toMatchObject({ "n.moods": { units: { prompt: 3 } } });
});

test("a model counts as asking what it has asked, not what it might ask", async () => {
  await using server = await startServer();
  await using test = await createProject(server);
  await test.project[Symbol.asyncDispose]();
  const careful = defineModel({
    name: "n.careful",
    table: table("careful"),
    sources: { documents: documents({ content: true }) },
    forEach: "documents",
    async run({ row, llm }) {
      const which = row.content.includes("doubt") ? mood : topic;
      const { output, telemetry } = await llm.predict(which, { content: row.content });
      return { path: row.path ?? "", ...output, ...telemetry };
    },
  });
  await using project = await openProject({
    directory: test.directory,
    database: test.databaseUrl,
    documents: ["./docs"],
    models: [careful],
    llm: { model: openAiCompatible({ baseUrl: server.url, model: "tiny" }) },
  });
  const planned = async () => (await project.plan()).models[0]?.units;
  await project.runPipeline();
  await adopt(test, "mood", artifactOf(mood));
  expect(await planned()).toEqual({ unchanged: 3 });
  await test.writeDocument("d.md", "doubt");
  expect(await planned()).toEqual({ new: 1, unchanged: 3 });
  await project.runPipeline();
  await adopt(test, "mood", artifactOf(mood, { instructions: "Name it." }));
  expect((await planned())?.prompt).toBeGreaterThan(0);
  await project.runPipeline();
  expect(await planned()).toEqual({ unchanged: 4 });
});

test("an artifact of another shape stops the model and says what to do", async () => {
  await using server = await startServer();
  await using test = await createProject(server);
  const other = signature({ ...topic, output: z.object({ label: z.string(), reason: z.string() }) });
  await adopt(test, "topic", artifactOf(other as never));
  const result = await test.project.runPipeline();
  expect(result.status).toBe("failed");
  expect(result.errors["n.topics"]?.message).toContain(
    "TUNED_PROMPT_SIGNATURE: programs/topic.json was made for another shape of topic.",
  );
  expect(server.requests).toBe(0);
});

test("a broken artifact stops the run before it starts", async () => {
  await using server = await startServer();
  await using test = await createProject(server);
  await adopt(test, "topic", "{ broken");
  await expect(test.project.plan()).rejects.toMatchObject({ code: "TUNED_PROMPT_INVALID" });
  await expect(test.project.runPipeline()).rejects.toMatchObject({ code: "TUNED_PROMPT_INVALID" });
  expect(await test.query("select count(*)::int as runs from millrace.run")).toEqual([{ runs: 0 }]);
});

test("an artifact is loaded for its own signature only", async () => {
  await using server = await startServer();
  await using test = await createProject(server);
  await adopt(test, "topic", artifactOf(topic));
  const file = join(test.directory, "programs", "topic.json");
  expect((await loadTunedPrompt(topic, file)).artifact?.instructions).toBe("Answer in capitals.\nOne word.");
  await expect(loadTunedPrompt(mood, file)).rejects.toMatchObject({
    code: "TUNED_PROMPT_SIGNATURE",
    message: `${file} was made for signature topic, not for mood.`,
  });
  const wider = signature({ ...topic, input: z.object({ content: z.string(), title: z.string() }) });
  await expect(loadTunedPrompt(wider, file)).rejects.toMatchObject({ code: "TUNED_PROMPT_SIGNATURE" });
  await expect(loadTunedPrompt(topic, `${file}x`)).rejects.toMatchObject({ code: "TUNED_PROMPT_NOT_FOUND" });
  // Other instructions in the code are no other shape.
  await expect(loadTunedPrompt(signature({ ...topic, instructions: "Else." }), file)).resolves.toBeDefined();
});
