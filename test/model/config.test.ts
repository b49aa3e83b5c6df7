import { expect, test } from "vitest";
import { z } from "zod";
import { configParam, defineModel, IssuesError } from "millrace";
import { pipelineTable, text } from "millrace/schema";
import { resolveConfigs } from "../../src/model/config.ts";

const model = defineModel({
  name: "indexing.sections",
  table: pipelineTable("sections", { id: text().primaryKey() }),
  sources: {},
  config: z.object({
    maxChars: z.number().int().min(500).max(20_000).default(5_000),
    llmModel: configParam(z.string().default("small"), { fallback: "llm.model" }),
    strict: z.boolean().default(false),
    label: z.string().default("none"),
  }),
  async run({ writer }) {
    return writer.receipt();
  },
});

const nothing = { settings: {}, environment: {}, project: { config: {}, vars: {} } };
const resolve = (layers: Partial<typeof nothing> & object) =>
  resolveConfigs([model], { ...nothing, ...layers }).get(model.name);

test("parameters left alone have their defaults", () => {
  expect(resolve({})).toEqual({ maxChars: 5_000, llmModel: "small", strict: false, label: "none" });
});

test("the nearest setting wins: --set, environment, model, namespace, project-wide", () => {
  const project = {
    config: { "indexing.sections": { maxChars: 1_000 }, indexing: { maxChars: 900, label: "namespace" } },
    vars: { "llm.model": "large" },
  };
  expect(resolve({ project })).toMatchObject({ maxChars: 1_000, label: "namespace", llmModel: "large" });
  const environment = { MILLRACE_INDEXING_SECTIONS_MAX_CHARS: "2000" };
  expect(resolve({ project, environment })).toMatchObject({ maxChars: 2_000 });
  expect(
    resolve({ project, environment, settings: { "indexing.sections.maxChars": "3000", strict: "true", label: "20" } }),
  ).toMatchObject({
    maxChars: 3_000,
    strict: true,
    label: "20",
  });
});

test("all problems come at once, each with parameter, value, place and rule", () => {
  const settings = { maxChars: "12", "indexing.sections.strict": "maybe", maxChar: "1" };
  const project = { config: { "indexing.sections": { lable: "x" } }, vars: {} };
  let issues: readonly string[] = [];
  try {
    resolve({ settings, project });
  } catch (error) {
    if (error instanceof IssuesError) issues = error.issues.map((issue) => `${issue.path}: ${issue.message}`);
  }
  expect(issues).toEqual([
    'indexing.sections.maxChars: "12" from --set maxChars: Too small: expected number to be >=500',
    'indexing.sections.strict: "maybe" from --set indexing.sections.strict: Invalid input: expected boolean, received string',
    '--set maxChar: no model in this run has this parameter. Did you mean "maxChars"?',
    'config["indexing.sections"].lable: the model has no such parameter. Did you mean "label"?',
  ]);
});
