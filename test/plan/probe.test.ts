import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { defineModel, documents } from "millrace";
import { type Llm, signature } from "millrace/llm";
import { pipelineTable, text } from "millrace/schema";
import { createTestProject } from "millrace/testing";
import { z } from "zod";

const label = signature({
  name: "label",
  instructions: "Label the text.",
  input: z.object({ content: z.string() }),
  output: z.object({ label: z.string() }),
});

/** A provider that counts what it is sent and refuses all of it. */
async function countingProvider() {
  let requests = 0;
  const server = createServer((_request, response) => {
    requests += 1;
    response.writeHead(400).end("{}");
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/v1`,
    requests: () => requests,
    [Symbol.asyncDispose]: () => new Promise<void>((closed) => server.close(() => closed())),
  };
}

async function planOf(
  ask: (llm: Llm, content: string, url: string) => Promise<unknown>,
  options: { probe?: false } = {},
) {
  await using provider = await countingProvider();
  let called = 0;
  const model = defineModel({
    name: "n.labels",
    table: pipelineTable("labels", { path: text().primaryKey() }),
    sources: { documents: documents({ content: true }) },
    forEach: "documents",
    ...options,
    async run({ row, llm }) {
      called += 1;
      await ask(llm, row.content, provider.url);
      return { path: row.path ?? "" };
    },
  });
  const price = { inputPer1M: 2, outputPer1M: 8 };
  const config = { llm: { model: `${provider.url}#small`, embeddingModel: `${provider.url}#vectors`, price } };
  await using test_ = await createTestProject({
    models: [model],
    documents: { "a.md": "apple", "b.md": "bear" },
    config,
  });
  const [planned] = (await test_.project.plan()).models;
  const calls = await test_.query("select from millrace.llm_call");
  return { cost: planned?.cost, sent: provider.requests(), booked: calls.length, called };
}

const nothing = { sent: 0, booked: 0 };

test("a plan sends nothing, whatever a function reaches, and says what it would cost", async () => {
  expect(await planOf((llm, content) => llm.predict(label, { content }))).toMatchObject({
    ...nothing,
    cost: { basis: "prompts of 2 units, answers of 50 to 1000 tokens" },
  });
  const inContext = await planOf((llm, content, url) =>
    llm.context({ model: `${url}#large`, price: { inputPer1M: 4, outputPer1M: 16 } }, () =>
      llm.context({ temperature: 0.5 }, () => llm.predict(label, { content })),
    ),
  );
  const plain = await planOf((llm, content) => llm.predict(label, { content }));
  expect(inContext).toMatchObject(nothing);
  expect(inContext.cost?.lowUsd).toBeCloseTo(2 * (plain.cost?.lowUsd ?? 0));
  const rows = [{ content: "one" }, { content: "two" }, { content: "three" }];
  const input = (row: { content: string }) => row;
  const batch = await planOf((llm, content) => llm.runBatch(label, [...rows, { content }], { input }));
  expect(batch).toMatchObject(nothing);
  const stream = await planOf(async (llm, content) => {
    for await (const _ of llm.streamBatch(label, [...rows, { content }], { input }));
  });
  expect(stream).toMatchObject(nothing);
  expect(await planOf((llm, content) => llm.embed([content]))).toMatchObject(nothing);
});

test("with `probe: false` a plan leaves a function alone", async () => {
  expect(await planOf((llm, content) => llm.predict(label, { content }), { probe: false })).toEqual({
    ...nothing,
    called: 0,
    cost: undefined,
  });
});
