import { describe, expect, test } from "vitest";
import { LineReporter } from "../../../src/display/reporters/line-reporter.ts";
import { plainColors, play, scripts } from "../scripted-run.ts";

const lines = (script: keyof typeof scripts) =>
  play((output) => new LineReporter({ output, colors: plainColors }), scripts[script]);

describe("plain lines", () => {
  test("say when each model begins and ends, and now and then how far it is", () => {
    expect(lines("succeeded")).toMatchInlineSnapshot(`
      "Running indexing · 4 models · delta · run 20260301-120000-ab12cd
      tables     2 changes to match the models
      documents  3 added, 1 changed, 96 unchanged
      started    indexing.document_sections
      done       indexing.document_sections  31 rows · 4 units · 2 deleted · 2.1s
      started    indexing.section_extractions
      running    indexing.section_extractions  18/31 · 3.0/s · 4.3s left
      warning    indexing.section_extractions: one section is very long
      done       indexing.section_extractions  31 rows · 31 units · 9.5s
      started    indexing.entity_clustering
      done       indexing.entity_clustering  12 rows · 80ms · clusters 7
      started    indexing.entity_resolution
      done       indexing.entity_resolution  up to date · 40ms

      ✓ indexing succeeded in 12.3s
      4 models · 74 rows written · 2 deleted · 400 unchanged

      Next: millrace show indexing.entity_clustering
      "
    `);
  });
  test("name failed units once for each code", () => {
    expect(lines("partial")).toMatchInlineSnapshot(`
      "Running indexing · 2 models · delta · run 20260301-120000-ab12cd
      started    indexing.document_sections
      done       indexing.document_sections  1 row · 1 unit · 1.0s
      started    indexing.section_extractions

      ▲ indexing finished in 12.3s, but 6 units failed
      2 models · 507 rows written · 1,512 calls (1,000 cached) · 100,000 tokens · $0.042

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
  test("say what failed, what was skipped and how to go on", () => {
    expect(lines("failed")).toMatchInlineSnapshot(`
      "Running indexing · 4 models · delta · run 20260301-120000-ab12cd
      started    indexing.document_sections
      done       indexing.document_sections  up to date · 10ms
      started    indexing.section_extractions
      retrying   indexing.section_extractions  attempt 2 after ECONNRESET
      started    indexing.section_extractions
      failed     indexing.section_extractions  MODEL_FAILED · Model "indexing.section_extractions" failed: TypeError: x is not a function
      skipped    indexing.entity_clustering  upstream indexing.section_extractions failed
      skipped    indexing.entity_resolution  upstream indexing.entity_clustering was skipped

      ✗ indexing failed after 12.3s: 1 model failed, 2 skipped, 1 succeeded

      ✗ indexing.section_extractions  MODEL_FAILED
        Model "indexing.section_extractions" failed: TypeError: x is not a function
        → Correct the model's function, then resume the run.

      Next: millrace runs resume 20260301-120000-ab12cd
      Docs: millrace/docs/errors.md#model_failed
      "
    `);
  });
  test("say whom a model waits for and what a cancelled run keeps", () => {
    expect(lines("cancelledWhileWaiting")).toMatchInlineSnapshot(`
      "Running indexing · 2 models · delta · run 20260301-120000-ab12cd
      started    indexing.document_sections
      waiting    indexing.section_extractions  waits for run 20260301-110000-ffffff
      warning    Cancelling; finished units are kept. Press Ctrl-C again to stop at once.
      cancelled  indexing.document_sections  214 units kept

      ■ indexing was cancelled after 12.3s; finished units are kept
      800 rows written

      Next: millrace runs resume 20260301-120000-ab12cd
      "
    `);
  });
  test("mark what a resumed run had done before", () => {
    expect(lines("resumed")).toMatchInlineSnapshot(`
      "Resuming indexing · 2 models · delta · run 20260301-120000-ab12cd
      done       indexing.document_sections  done before
      started    indexing.section_extractions
      done       indexing.section_extractions  1 row · 1 unit · 900ms

      ✓ indexing succeeded in 12.3s
      2 models · 32 rows written

      Next: millrace show indexing.section_extractions
      "
    `);
  });
});
