import { describe, expect, test } from "vitest";
import { renderTree } from "../../src/display/render-tree.ts";
import { RunState } from "../../src/display/run-state.ts";
import { textWidth } from "../../src/display/fit-text.ts";
import type { RunEvent } from "../../src/state/run-events.ts";
import { model, plainColors, runStarted, script, scripts, START } from "./scripted-run.ts";

function draw(
  events: readonly RunEvent[],
  options: { readonly until: number; readonly width?: number; readonly height?: number },
): string {
  const state = new RunState();
  const now = START + options.until * 1_000;
  for (const event of events) if (Date.parse(event.at) <= now) state.apply(event);
  const lines = renderTree(state, {
    colors: plainColors,
    width: options.width ?? 100,
    height: options.height,
    now,
    frame: 0,
  });
  for (const line of lines) expect(textWidth(line)).toBeLessThan(options.width ?? 100);
  return `\n${lines.join("\n")}\n`;
}

describe("the live tree", () => {
  test("shows what is done, how far a model is and what is to come", () => {
    expect(draw(scripts.succeeded, { until: 8.5 })).toMatchInlineSnapshot(`
      "
      ✓ indexing.document_sections           31 rows · 4 units · 2 deleted · 2.1s
      └─ ⠋ indexing.section_extractions      ████████████░░░░░░░░ 18/31 · 3.0/s · 4.3s left
         └─ ○ indexing.entity_clustering
            └─ ○ indexing.entity_resolution
      "
    `);
  });
  test("keeps the counts of what is done", () => {
    expect(draw(scripts.succeeded, { until: 13 })).toMatchInlineSnapshot(`
      "
      ✓ indexing.document_sections           31 rows · 4 units · 2 deleted · 2.1s
      └─ ✓ indexing.section_extractions      31 rows · 31 units · 9.5s
         └─ ✓ indexing.entity_clustering     12 rows · 80ms · clusters 7
            └─ ✓ indexing.entity_resolution  up to date · 40ms
      "
    `);
  });
  test("shows failures, retries and what is skipped because of them", () => {
    expect(draw(scripts.failed, { until: 2 })).toMatchInlineSnapshot(`
      "
      ✓ indexing.document_sections           up to date · 10ms
      └─ ↻ indexing.section_extractions      attempt 2 after ECONNRESET
         └─ ○ indexing.entity_clustering
            └─ ○ indexing.entity_resolution
      "
    `);
    expect(draw(scripts.failed, { until: 4 })).toMatchInlineSnapshot(`
      "
      ✓ indexing.document_sections           up to date · 10ms
      └─ ✗ indexing.section_extractions      MODEL_FAILED · Model "indexing.section_extractions" failed:…
         └─ ↷ indexing.entity_clustering     upstream indexing.section_extractions failed
            └─ ↷ indexing.entity_resolution  upstream indexing.entity_clustering was skipped
      "
    `);
  });
  test("shows whom a model waits for", () => {
    expect(draw(scripts.cancelledWhileWaiting, { until: 1 })).toMatchInlineSnapshot(`
      "
      ⠋ indexing.document_sections       1.0s
      └─ ◌ indexing.section_extractions  waits for run 20260301-110000-ffffff
      "
    `);
  });
  test("drops bars and namespaces where the terminal is narrow", () => {
    expect(draw(scripts.succeeded, { until: 8.5, width: 40 })).toMatchInlineSnapshot(`
      "
      ✓ document_sections    31 rows
      ⠋ section_extractions  18/31 · 3.0/s
      ○ entity_clustering
      ○ entity_resolution
      "
    `);
    expect(draw(scripts.failed, { until: 4, width: 40 })).toMatchInlineSnapshot(`
      "
      ✓ document_sections    up to date
      ✗ section_extractions  MODEL_FAILED
      ↷ entity_clustering    upstream indexi…
      ↷ entity_resolution    upstream indexi…
      "
    `);
  });
  test("cuts long and wide names by what they take up", () => {
    const models = [
      model("indexing.a_model_whose_name_goes_on_and_on_and_on"),
      model("indexing.章节提取章节提取章节提取"),
    ];
    expect(draw(script([[0, runStarted(models)]]), { until: 0, width: 40 })).toMatchInlineSnapshot(`
      "
      ○ a_model_whose_name…
      ○ 章节提取章节提取章…
      "
    `);
  });
  test("shows what is at work where the terminal is low", () => {
    const models = Array.from({ length: 30 }, (_, index) => model(`indexing.m${index + 1}`));
    const finished = models
      .slice(0, 10)
      .map(({ name }) => [1, { type: "model_started", model: name, attempt: 1 }] as const);
    expect(draw(script([[0, runStarted(models)], ...finished.slice(4, 7)]), { until: 1, height: 5 }))
      .toMatchInlineSnapshot(`
      "
      ⠋ indexing.m5
      ⠋ indexing.m6
      ⠋ indexing.m7
      ○ indexing.m8
      … 26 to come
      "
    `);
  });
  test("hangs every model under the deepest of those it reads", () => {
    const models = [
      model("n.a"),
      model("n.b", ["n.a"]),
      model("n.c", ["n.a"]),
      model("n.d", ["n.a", "n.b", "n.c"]),
      model("n.e"),
    ];
    expect(draw(script([[0, runStarted(models)]]), { until: 0 })).toMatchInlineSnapshot(`
      "
      ○ n.a
      ├─ ○ n.b
      │  └─ ○ n.d
      └─ ○ n.c
      ○ n.e
      "
    `);
  });
});
