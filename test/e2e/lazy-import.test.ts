import { expect, test } from "vitest";
import { createTestProject } from "millrace/testing";

const MODEL = `
import { defineModel, documents } from "millrace";
import { pipelineTable, text } from "millrace/schema";
import "../helpers/later.ts";

export const titles = defineModel({
  name: "n.titles",
  table: pipelineTable("titles", { documentId: text().primaryKey(), title: text().notNull() }),
  sources: { documents: documents({ content: true }) },
  forEach: "documents",
  concurrency: 8,
  async run({ row }) {
    const { shout } = row.content.length % 2 ? await import("../helpers/shout.ts") : await import("../helpers/loud.ts");
    return { documentId: row.id, title: await shout(row.content) };
  },
});
`;
const SHOUT = (name: string) => `
import { ${name} } from "./upper.ts";
export const shout = async (text: string) => ${name}(text);
`;
const UPPER = `
import { setTimeout as sleep } from "node:timers/promises";
import { later } from "./later.ts";
await sleep(50);
export const upper = (text: string) => text.toUpperCase();
// A module whose loading needs another lazy import must not wait for itself.
const { same } = await later();
export const again = same(upper);
`;

test("a module that units import at the same time is whole for all of them", async () => {
  await using test_ = await createTestProject({
    models: {
      titles: MODEL,
      "../helpers/shout.ts": SHOUT("upper"),
      "../helpers/loud.ts": SHOUT("again"),
      "../helpers/upper.ts": UPPER,
      "../helpers/later.ts": 'export const later = () => import("./same.ts");',
      "../helpers/same.ts": "export const same = <Value>(value: Value) => value;",
    },
    documents: Object.fromEntries(Array.from({ length: 12 }, (_, index) => [`${index}.md`, "a".repeat(index + 1)])),
  });
  const result = await test_.project.runPipeline();
  expect(result).toMatchObject({ status: "succeeded", errors: {} });
  expect(await test_.query("select count(*)::int as titles from titles where title ~ '^A+$'")).toEqual([
    { titles: 12 },
  ]);
});
