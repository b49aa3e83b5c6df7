import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { UsageError } from "../../../src/core/errors.ts";
import { loadTransport } from "../../../src/llm/providers/load-transport.ts";
import { startModelServer } from "../model-server.ts";

const request = {
  messages: [{ role: "user" as const, content: "Hello" }],
  schema: { name: "greeting", json: { type: "object", properties: { text: { type: "string" } }, required: ["text"] } },
  params: { maxOutputTokens: 50 },
};
const options = () => ({ signal: new AbortController().signal });

test.each(["openai", "anthropic", "ollama"])("%s is found where the environment says", async (provider) => {
  await using server = await startModelServer();
  const upper = provider.toUpperCase();
  const environment = { [`${upper}_API_KEY`]: " key\n", [`${upper}_BASE_URL`]: `${server.url}/` };
  const transport = await loadTransport(`${provider}:some-model:8b`, { environment });
  expect(transport).toMatchObject({
    provider,
    model: "some-model:8b",
    endpoint: provider === "anthropic" ? server.origin : server.url,
  });
  await transport.call(request, options());
  const { headers, body } = server.log[0]!.request;
  expect(headers.authorization ?? headers["x-api-key"] ?? "none").toContain(provider === "ollama" ? "none" : "key");
  expect(body[provider === "openai" ? "max_completion_tokens" : "max_tokens"]).toBe(50);
});

test("a server of one's own is a URL with the model's name, and does not get another provider's key", async () => {
  await using server = await startModelServer();
  const environment = { OPENAI_API_KEY: "secret" };
  const transport = await loadTransport(`${server.url}#org/qwen3`, { environment });
  await transport.call(request, options());
  expect(transport).toMatchObject({ provider: "openai-compatible", model: "org/qwen3" });
  expect(server.log[0]!.request.headers.authorization).toBeUndefined();
});

test.each([
  ["openai:gpt-4.1-mini", "OPENAI_API_KEY"],
  ["anthropic:claude-haiku-4-5", "ANTHROPIC_API_KEY"],
  ["google:gemini-2.5-flash", "GOOGLE_GENERATIVE_AI_API_KEY"],
  ["mistral:mistral-small-2506", "MISTRAL_API_KEY"],
])("%s without a key says that %s is missing", async (name, variable) => {
  const loading = loadTransport(name, { environment: { [variable]: "" } });
  await expect(loading).rejects.toMatchObject({ kind: "auth", message: expect.stringContaining(variable) });
});

test("a key that no header can hold is told without showing it", async () => {
  const loading = loadTransport("openai:m", { environment: { OPENAI_API_KEY: "sk-“quoted”" } });
  const error = (await loading.catch((thrown: unknown) => thrown)) as Error;
  expect(error.message).toMatch(/OPENAI_API_KEY contains characters/);
  expect(error.message).not.toContain("quoted");
});

test.each([
  ["opnai:gpt", /Did you mean "openai"/],
  ["gpt-4.1-mini", /no provider "gpt-4.1-mini"/],
  ["constructor:x", /no provider "constructor"/],
  ["openai:", /has no model name/],
  ["http://localhost:8000/v1", /has no model name/],
  ["http://user:password@localhost/v1#m", /base URL of a model is not usable/],
])("%s is not the name of a model", async (name, message) => {
  const loading = loadTransport(name, { environment: {} });
  await expect(loading).rejects.toBeInstanceOf(UsageError);
  await expect(loading).rejects.toThrow(message);
});

test("a provider of the AI SDK that is not installed says how to install it", async () => {
  await using project = await createProject();
  const environment = { GOOGLE_GENERATIVE_AI_API_KEY: "k" };
  const loading = loadTransport("google:gemini-2.5-flash", { environment, projectFolder: project.folder });
  await expect(loading).rejects.toMatchObject({
    name: "UsageError",
    hint: "Run: npm install @ai-sdk/google",
  });
});

test.each(["module", "commonjs"])("a provider of the AI SDK comes from the project, as %s", async (type) => {
  await using project = await createProject();
  const model = `({ specificationVersion: "v3", provider: "mistral.chat", modelId, async doGenerate() {
    return { content: [{ type: "text", text: apiKey }], finishReason: { unified: "stop" }, usage: {} };
  } })`;
  const create = `({ apiKey }) => (modelId) => ${model}`;
  await project.install("@ai-sdk/mistral", {
    type,
    exports: type === "module" ? { ".": { import: "./index.js", default: "./index.js" } } : "./index.js",
    code: type === "module" ? `export const createMistral = ${create};` : `exports.createMistral = ${create};`,
  });
  const environment = { MISTRAL_API_KEY: "k" };
  const transport = await loadTransport("mistral:small", { environment, projectFolder: project.folder });
  expect(transport).toMatchObject({ provider: "mistral", model: "small", endpoint: "mistral.chat" });
  await expect(transport.call(request, options())).resolves.toMatchObject({ text: "k", finish: "stop" });
});

async function createProject() {
  const folder = await mkdtemp(join(tmpdir(), "millrace-provider-"));
  return {
    folder,
    async install(name: string, { code, ...manifest }: { type: string; exports: unknown; code: string }) {
      const target = join(folder, "node_modules", name);
      await mkdir(target, { recursive: true });
      await writeFile(join(target, "package.json"), JSON.stringify({ name, version: "1.0.0", ...manifest }));
      await writeFile(join(target, "index.js"), code);
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
