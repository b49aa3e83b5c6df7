import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

/** Tables of the schema `millrace`, and the files whose SQL may name them, beside the schema's own definition. */
const FILES: Readonly<Record<string, readonly string[]>> = {
  // How much work came of how much is a join of runs and what their models did.
  run: ["src/state/earlier-work.ts", "src/state/run-store.ts"],
  model_run: ["src/state/earlier-work.ts", "src/state/model-run-store.ts"],
  model_lease: ["src/state/lease.ts"],
  run_event: ["src/state/event-log.ts"],
  // The comparison of units with what is stored of them is a join.
  unit_state: ["src/plan/pending-work.ts", "src/run/units/unit-query.ts", "src/state/unit-state.ts"],
  program: ["src/state/fingerprint.ts"],
  test_result: ["src/state/test-store.ts"],
  // Calls book themselves, and keep their answers, from below.
  llm_call: ["src/llm/answers/call-book.ts", "src/state/call-log.ts", "src/state/usage.ts"],
  llm_request: ["src/llm/answers/call-book.ts", "src/state/call-log.ts"],
  llm_cache: ["src/llm/answers/call-book.ts", "src/llm/answers/response-cache.ts", "src/state/call-log.ts"],
};

/** Created by an early step of the schema, and dropped by a later one. */
const GONE: readonly string[] = ["llm_usage"];

const sources = readdirSync("src", { recursive: true, encoding: "utf8" })
  .map((file) => join("src", file))
  .toSorted()
  .filter((file) => file.endsWith(".ts") && file !== "src/database/system-schema.ts")
  .map((file) => ({ file, text: readFileSync(file, "utf8") }));

// A word with an underscore is a table's name wherever it stands; `run` and `program` are, behind the schema's.
const naming = (table: string) => new RegExp(table.includes("_") ? `\\b${table}\\b` : `\\}\\.${table}\\b`);

test.each(Object.entries(FILES))("only its own file has SQL on the table %s", (table, files) => {
  expect(sources.filter(({ text }) => naming(table).test(text)).map(({ file }) => file)).toEqual(files);
});

test("every table of the schema is among them, but the documents, whose name a rehearsal changes", () => {
  const schema = readFileSync("src/database/system-schema.ts", "utf8");
  const created = [...schema.matchAll(/create table (\w+) \(/g)].map((match) => match[1] ?? "");
  expect(created.filter((table) => table !== "documents").toSorted()).toEqual(
    [...Object.keys(FILES), ...GONE].toSorted(),
  );
});
