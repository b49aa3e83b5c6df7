import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { setF1, withTunedPrompt } from "millrace/llm";
import { formatTunedPrompt, parseTunedPrompt } from "../../../src/llm/prompts/tuned-prompt.ts";
import { extractionExamples, extractKnowledge, startExtractionServer } from "./extraction-model.ts";
import { llmAt, MemoryCache } from "./toy-task.ts";

const document = new URL("../../../docs/optimizing.md", import.meta.url);
const metric = setF1({ list: "entities", by: ["name", "entityType"] });

test("the figures of docs/optimizing.md are what the example's extraction comes to", async () => {
  const { train, dev } = await extractionExamples();
  await using server = await startExtractionServer();
  const llm = llmAt(server, { cache: new MemoryCache() });
  const found = await llm.optimize(extractKnowledge, { train, dev, metric });
  if (!found.improved) throw new Error(found.reason);
  const said = await readFile(document, "utf8");
  const [low, high] = found.artifact.scores.interval;
  expect(said).toContain(`extract_knowledge ${found.before.toFixed(3)} (95 %`);
  expect(said).toContain(
    `extract_knowledge ${found.before.toFixed(3)} → ${found.after.toFixed(3)} on held-out examples`,
  );
  expect(said).toContain(`extract_knowledge ${found.after.toFixed(3)} (95 %: ${low.toFixed(3)} to ${high.toFixed(3)})`);
  expect(said).toContain(`${train.length} sections to learn from, ${dev.length} to confirm with`);
  expect(said).toContain(`${found.candidates} prompts tried`);
  for (const line of found.artifact.instructions.split("\n").slice(3)) expect(said).toContain(line);
  const tuned = withTunedPrompt(extractKnowledge, found.artifact);
  const fresh = await llmAt(server).evaluate(tuned, { examples: dev, metric });
  expect(fresh.score).toBe(found.after);
});

test("the artifact of docs/optimizing.md is one", async () => {
  const [, text = ""] = /```json\n(\{\n {2}"format"[\s\S]*?)```/.exec(await readFile(document, "utf8")) ?? [];
  const artifact = parseTunedPrompt(text, "docs/optimizing.md");
  expect(artifact?.instructions).toBe("Classify the document.\nA question about money is billing.");
  expect(JSON.parse(formatTunedPrompt(artifact!))).toEqual(JSON.parse(text));
});
