import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { cassette, signature } from "millrace/llm";
import { z } from "zod";
import { configuredLlm } from "../../src/llm/configured-llm.ts";
import { createLlm } from "../../src/llm/llm.ts";
import type { LlmTransport } from "../../src/llm/calls/transport.ts";
import { startModelServer } from "./model-server.ts";

const classify = signature({
  name: "classify",
  instructions: "Classify the text.",
  input: z.object({ content: z.string() }),
  output: z.object({ topic: z.string() }),
});

async function createFolder() {
  const folder = await mkdtemp(join(tmpdir(), "millrace-cassettes-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

const open = (model: LlmTransport) =>
  createLlm(configuredLlm({ model, cache: "off" }, { environment: {}, database: undefined }), {
    signal: new AbortController().signal,
    onUsage: () => undefined,
  });

test("calls are recorded once, and replayed without a server and without a key", async () => {
  const folder = await createFolder();
  await using server = await startModelServer();
  vi.stubEnv("MILLRACE_LLM_API_KEY", "secret-key");
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
  const model = `${server.url}#tiny`;
  const recording = open(cassette({ folder, model, mode: "record" }));
  const first = await recording.predict(classify, { content: "apples" });
  await recording.predict(classify, { content: "apples" });
  expect(server.requests).toBe(1);
  const [file = ""] = await readdir(folder);
  const text = await readFile(join(folder, file), "utf8");
  expect(file).toMatch(/^classify-[0-9a-f]{12}\.json$/);
  expect(text).not.toContain("secret-key");
  expect(text.split("\n").length).toBeGreaterThan(10);

  await server.close();
  vi.stubEnv("MILLRACE_LLM_API_KEY", "");
  const replayed = await open(cassette({ folder, model, mode: "replay" })).predict(classify, { content: "apples" });
  expect(replayed.output).toEqual(first.output);
  expect(replayed.telemetry.llmInputTokens).toBe(first.telemetry.llmInputTokens);
});

test("a call that is not recorded fails, and shows how it differs from the nearest one", async () => {
  const folder = await createFolder();
  await using server = await startModelServer();
  const model = `${server.url}#tiny`;
  const recording = open(cassette({ folder, model, mode: "record" }));
  await recording.predict(classify, { content: "apples and pears" });
  await recording.predict(classify, { content: "something that is quite different from that" });
  const replay = open(cassette({ folder, model, mode: "replay" }));
  const error: unknown = await replay
    .predict(classify, { content: "apples and bears" })
    .catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({
    kind: "bad_request",
    message: expect.stringMatching(
      /nearest is classify-[^]*user message: at character \d+, ".*pears" → ".*bears"/,
    ) as string,
    hint: expect.stringContaining("MILLRACE_CASSETTES=record") as string,
  });
  expect(server.requests).toBe(2);
});

test("a signature of which nothing is recorded says so", async () => {
  const replay = open(cassette({ folder: await createFolder(), model: "openai:gpt-4.1-mini" }));
  await expect(replay.predict(classify, { content: "apples" })).rejects.toThrow(
    "No call of this signature is recorded.",
  );
});
