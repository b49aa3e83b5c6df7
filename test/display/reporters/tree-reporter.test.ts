import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { TreeReporter } from "../../../src/display/reporters/tree-reporter.ts";
import type { RunEvent } from "../../../src/state/run-events.ts";
import { plainColors, scripts, START } from "../scripted-run.ts";
import { Screen } from "../screen.ts";

beforeEach(() => void vi.useFakeTimers({ now: START }));
afterEach(() => void vi.useRealTimers());

function watch(events: readonly RunEvent[], screen: Screen): TreeReporter {
  const reporter = new TreeReporter({ output: screen, colors: plainColors, environment: {} });
  for (const event of events) {
    vi.setSystemTime(Date.parse(event.at));
    reporter.onEvent(event);
  }
  return reporter;
}

describe("the tree on a terminal", () => {
  test("draws over itself and keeps what was said above it", () => {
    const screen = new Screen({ columns: 80 });
    const reporter = watch(scripts.succeeded.slice(0, 10), screen);
    vi.advanceTimersByTime(200);
    expect(screen.text).toMatchInlineSnapshot(`
      "Running indexing · 4 models · delta · run 20260301-120000-ab12cd
      tables     2 changes to match the models
      documents  3 added, 1 changed, 96 unchanged
      warning    indexing.section_extractions: one section is very long

      ✓ indexing.document_sections           31 rows · 4 units · 2 deleted · 2.1s
      └─ ⠋ indexing.section_extractions      ███████░░░░░ 18/31 · 2.7/s · 4.8s left
         └─ ○ indexing.entity_clustering
            └─ ○ indexing.entity_resolution
      "
    `);
    expect(screen.isCursorShown).toBe(false);
    reporter.close();
    expect(screen.isCursorShown).toBe(true);
  });

  test("ends with the whole tree, the summary and the next command", () => {
    const screen = new Screen({ columns: 80 });
    watch(scripts.succeeded, screen).close();
    expect(screen.text).toMatchInlineSnapshot(`
      "Running indexing · 4 models · delta · run 20260301-120000-ab12cd
      tables     2 changes to match the models
      documents  3 added, 1 changed, 96 unchanged
      warning    indexing.section_extractions: one section is very long

      ✓ indexing.document_sections           31 rows · 4 units · 2 deleted · 2.1s
      └─ ✓ indexing.section_extractions      31 rows · 31 units · 9.5s
         └─ ✓ indexing.entity_clustering     12 rows · 80ms · clusters 7
            └─ ✓ indexing.entity_resolution  up to date · 40ms

      ✓ indexing succeeded in 12.3s
      4 models · 74 rows written · 2 deleted · 400 unchanged

      Next: millrace show indexing.entity_clustering
      "
    `);
  });

  test("shows every model at the end, however low the terminal is", () => {
    const screen = new Screen({ columns: 60, rows: 6 });
    watch(scripts.failed, screen).close();
    expect(screen.text).toMatchInlineSnapshot(`
      "Running indexing · 4 models · delta · run 20260301-120000-ab12cd

      ✓ indexing.document_sections    up to date · 10ms
      └─ ✗ section_extractions        MODEL_FAILED
         └─ ↷ entity_clustering       upstream indexing.section_…
            └─ ↷ entity_resolution    upstream indexing.entity_c…

      ✗ indexing failed after 12.3s: 1 model failed, 2 skipped, 1 succeeded

      ✗ indexing.section_extractions  MODEL_FAILED
        Model "indexing.section_extractions" failed: TypeError: x
        is not a function
        → Correct the model's function, then resume the run.

      Next: millrace runs resume 20260301-120000-ab12cd
      Docs: millrace/docs/errors.md#model_failed
      "
    `);
  });

  test("fits a narrow terminal", () => {
    const screen = new Screen({ columns: 40 });
    watch(scripts.partial, screen).close();
    expect(screen.text).toMatchInlineSnapshot(`
      "Running indexing · 2 models · delta · run 20260301-120000-ab12cd

      ✓ document_sections    1 row · 1 unit
      ▲ section_extractions  506 rows

      ▲ indexing finished in 12.3s, but 6 units failed
      2 models · 507 rows written · 1,512
      calls (1,000 cached) · 100,000 tokens ·
      $0.042

      ✗ indexing.section_extractions · units "a", "b", "c" and 2 more  LLM_TIMEOUT
        No answer within 30 s.
        → Raise timeoutMs.
      ✗ indexing.section_extractions · unit "f"  TypeError
        x is not a function

      Next: millrace show indexing.section_extractions --errors
      Docs: millrace/docs/errors.md#llm_timeout
      "
    `);
  });

  test("leaves what was seen when a run ends without a result", () => {
    const screen = new Screen();
    watch(scripts.succeeded.slice(0, 8), screen).close();
    expect(screen.text).toMatchInlineSnapshot(`
      "Running indexing · 4 models · delta · run 20260301-120000-ab12cd
      tables     2 changes to match the models
      documents  3 added, 1 changed, 96 unchanged
      ✓ indexing.document_sections           31 rows · 4 units · 2 deleted · 2.1s
      └─ ● indexing.section_extractions      ░░░░░░░░░░░░ 0/31
         └─ ○ indexing.entity_clustering
            └─ ○ indexing.entity_resolution

      "
    `);
  });

  test("draws ten times a second at the most", () => {
    const screen = new Screen();
    const write = vi.spyOn(screen, "write");
    const reporter = watch(scripts.succeeded.slice(0, 8), screen);
    write.mockClear();
    const [progress] = scripts.succeeded.slice(8, 9);
    for (let index = 0; index < 1_000; index += 1) if (progress !== undefined) reporter.onEvent(progress);
    expect(write.mock.calls.length).toBeLessThanOrEqual(2);
    reporter.close();
  });
});
