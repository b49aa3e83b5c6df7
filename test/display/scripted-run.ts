import type { ErrorJson } from "../../src/core/errors.ts";
import { createPalette, type Output } from "../../src/display/output.ts";
import type { Reporter } from "../../src/display/reporters/reporter.ts";
import type { ModelStatus, Receipt, RunResult, RunStatus } from "../../src/state/results.ts";
import type { ModelSummary, RunEvent, RunEventInput } from "../../src/state/run-events.ts";

export const START = Date.parse("2026-03-01T12:00:00Z");
export const plainColors = createPalette({ write: () => undefined }, { NO_COLOR: "1" });

/** Gives each event its time, in seconds after the start of the run. */
export function script(steps: readonly (readonly [seconds: number, event: RunEventInput])[]): readonly RunEvent[] {
  return steps.map(([seconds, event]) => ({ at: new Date(START + seconds * 1_000).toISOString(), ...event }));
}

export function model(
  name: string,
  upstreams: readonly string[] = [],
  form: ModelSummary["form"] = "row",
): ModelSummary {
  return { name, table: name.replaceAll(".", "_"), form, upstreams };
}

function receipt(status: ModelStatus, counts: Partial<Receipt> = {}): Receipt {
  return {
    status,
    tableName: "t",
    rowsWritten: 0,
    rowsDeleted: 0,
    rowsUnchanged: 0,
    unitsDone: 0,
    unitsFailed: 0,
    unitsQuarantined: 0,
    executionTimeMs: 0,
    usage: null,
    ...counts,
  };
}

export function result(
  status: RunStatus,
  models: Readonly<Record<string, Receipt>>,
  more: Partial<RunResult> = {},
): RunResult {
  const named = Object.entries(models);
  const errors: Record<string, ErrorJson> = {};
  for (const [name, { error }] of named) if (error !== undefined) errors[name] = error;
  return {
    runId: "20260301-120000-ab12cd",
    pipeline: "indexing",
    status,
    models,
    modelsExecuted: named
      .filter(([, { status: end }]) => end === "succeeded" || end === "partial")
      .map(([name]) => name),
    modelsSkipped: named.filter(([, { status: end }]) => end === "skipped").map(([name]) => name),
    errors,
    usage: null,
    durationMs: 12_300,
    ...more,
  };
}

const pipelineModels = [
  model("indexing.document_sections"),
  model("indexing.section_extractions", ["indexing.document_sections"]),
  model("indexing.entity_clustering", ["indexing.section_extractions"], "table"),
  model("indexing.entity_resolution", ["indexing.entity_clustering"], "group"),
];

export function runStarted(models: readonly ModelSummary[] = pipelineModels, isResumed = false): RunEventInput {
  return {
    type: "run_started",
    runId: "20260301-120000-ab12cd",
    pipeline: "indexing",
    models,
    mode: "delta",
    isResumed,
  };
}

/** What a reporter writes when all of a script has happened. */
export function play(
  create: (output: Output) => Reporter,
  events: readonly RunEvent[],
  size: { readonly columns?: number; readonly rows?: number } = {},
): string {
  let written = "";
  const reporter = create({ ...size, write: (text) => (written += text) });
  for (const event of events) void reporter.onEvent(event);
  void reporter.close?.();
  return written;
}

export const scripts = {
  succeeded: script([
    [0, runStarted()],
    [0.1, { type: "schema_changed", statements: ["create table a ()", "create table b ()"] }],
    [0.2, { type: "documents_synced", added: 3, changed: 1, removed: 0, unchanged: 96, failed: [] }],
    [0.3, { type: "model_started", model: "indexing.document_sections", attempt: 1 }],
    [
      0.3,
      {
        type: "model_progress",
        model: "indexing.document_sections",
        progress: { unitsDone: 0, unitsFailed: 0, unitsTotal: 4, rowsWritten: 0 },
      },
    ],
    [
      2.4,
      {
        type: "model_finished",
        model: "indexing.document_sections",
        receipt: receipt("succeeded", { unitsDone: 4, rowsWritten: 31, rowsDeleted: 2, executionTimeMs: 2_100 }),
      },
    ],
    [2.5, { type: "model_started", model: "indexing.section_extractions", attempt: 1 }],
    [
      2.5,
      {
        type: "model_progress",
        model: "indexing.section_extractions",
        progress: { unitsDone: 0, unitsFailed: 0, unitsTotal: 31, rowsWritten: 0 },
      },
    ],
    [
      8.5,
      {
        type: "model_progress",
        model: "indexing.section_extractions",
        progress: { unitsDone: 18, unitsFailed: 0, unitsTotal: 31, rowsWritten: 18 },
      },
    ],
    [9, { type: "log", model: "indexing.section_extractions", level: "warning", message: "one section is very long" }],
    [
      12,
      {
        type: "model_finished",
        model: "indexing.section_extractions",
        receipt: receipt("succeeded", { unitsDone: 31, rowsWritten: 31, executionTimeMs: 9_500 }),
      },
    ],
    [12, { type: "model_started", model: "indexing.entity_clustering", attempt: 1 }],
    [
      12.1,
      {
        type: "model_finished",
        model: "indexing.entity_clustering",
        receipt: receipt("succeeded", {
          rowsWritten: 12,
          rowsUnchanged: 400,
          executionTimeMs: 80,
          counts: { clusters: 7 },
        }),
      },
    ],
    [12.1, { type: "model_started", model: "indexing.entity_resolution", attempt: 1 }],
    [
      12.2,
      {
        type: "model_finished",
        model: "indexing.entity_resolution",
        receipt: receipt("succeeded", { executionTimeMs: 40 }),
      },
    ],
    [
      12.3,
      {
        type: "run_finished",
        result: result("succeeded", {
          "indexing.document_sections": receipt("succeeded", {
            unitsDone: 4,
            rowsWritten: 31,
            rowsDeleted: 2,
            executionTimeMs: 2_100,
          }),
          "indexing.section_extractions": receipt("succeeded", {
            unitsDone: 31,
            rowsWritten: 31,
            executionTimeMs: 9_500,
          }),
          "indexing.entity_clustering": receipt("succeeded", {
            rowsWritten: 12,
            rowsUnchanged: 400,
            executionTimeMs: 80,
            counts: { clusters: 7 },
          }),
          "indexing.entity_resolution": receipt("succeeded", { executionTimeMs: 40 }),
        }),
      },
    ],
  ]),
  partial: script([
    [0, runStarted(pipelineModels.slice(0, 2))],
    [0, { type: "model_started", model: "indexing.document_sections", attempt: 1 }],
    [
      1,
      {
        type: "model_finished",
        model: "indexing.document_sections",
        receipt: receipt("succeeded", { unitsDone: 1, rowsWritten: 1, executionTimeMs: 1_000 }),
      },
    ],
    [1, { type: "model_started", model: "indexing.section_extractions", attempt: 1 }],
    ...["a", "b", "c", "d", "e"].map(
      (unit) =>
        [
          2,
          {
            type: "unit_failed",
            model: "indexing.section_extractions",
            unit,
            error: { code: "LLM_TIMEOUT", message: "No answer within 30 s.", hint: "Raise timeoutMs." },
          },
        ] as const,
    ),
    [
      2,
      {
        type: "unit_failed",
        model: "indexing.section_extractions",
        unit: "f",
        error: { code: "TypeError", message: "x is not a function" },
      },
    ],
    [
      3,
      {
        type: "run_finished",
        result: result(
          "partial",
          {
            "indexing.document_sections": receipt("succeeded", {
              unitsDone: 1,
              rowsWritten: 1,
              executionTimeMs: 1_000,
            }),
            "indexing.section_extractions": receipt("partial", {
              unitsDone: 506,
              unitsFailed: 6,
              rowsWritten: 506,
              executionTimeMs: 2_000,
            }),
          },
          {
            usage: {
              calls: 1_512,
              cachedCalls: 1_000,
              unknownCalls: 0,
              inputTokens: 90_000,
              outputTokens: 10_000,
              costUsd: 0.0423,
            },
          },
        ),
      },
    ],
  ]),
  failed: script([
    [0, runStarted()],
    [0, { type: "model_started", model: "indexing.document_sections", attempt: 1 }],
    [
      1,
      {
        type: "model_finished",
        model: "indexing.document_sections",
        receipt: receipt("succeeded", { executionTimeMs: 10 }),
      },
    ],
    [1, { type: "model_started", model: "indexing.section_extractions", attempt: 1 }],
    [
      2,
      {
        type: "model_retrying",
        model: "indexing.section_extractions",
        attempt: 2,
        error: { code: "ECONNRESET", message: "read ECONNRESET" },
      },
    ],
    [3, { type: "model_started", model: "indexing.section_extractions", attempt: 2 }],
    [
      4,
      {
        type: "model_failed",
        model: "indexing.section_extractions",
        error: {
          code: "MODEL_FAILED",
          message: 'Model "indexing.section_extractions" failed: TypeError: x is not a function',
          hint: "Correct the model's function, then resume the run.",
        },
      },
    ],
    [
      4,
      {
        type: "model_skipped",
        model: "indexing.entity_clustering",
        reason: "upstream indexing.section_extractions failed",
      },
    ],
    [
      4,
      {
        type: "model_skipped",
        model: "indexing.entity_resolution",
        reason: "upstream indexing.entity_clustering was skipped",
      },
    ],
    [
      4,
      {
        type: "run_finished",
        result: result("failed", {
          "indexing.document_sections": receipt("succeeded", { executionTimeMs: 10 }),
          "indexing.section_extractions": receipt("failed", {
            error: {
              code: "MODEL_FAILED",
              message: 'Model "indexing.section_extractions" failed: TypeError: x is not a function',
              hint: "Correct the model's function, then resume the run.",
            },
          }),
          "indexing.entity_clustering": receipt("skipped"),
          "indexing.entity_resolution": receipt("skipped"),
        }),
      },
    ],
  ]),
  cancelledWhileWaiting: script([
    [0, runStarted(pipelineModels.slice(0, 2))],
    [0, { type: "model_started", model: "indexing.document_sections", attempt: 1 }],
    [
      0,
      {
        type: "model_waiting",
        model: "indexing.section_extractions",
        holder: { runId: "20260301-110000-ffffff", executorId: "e" },
      },
    ],
    [1, { type: "warning", message: "Cancelling; finished units are kept. Press Ctrl-C again to stop at once." }],
    [
      2,
      {
        type: "run_finished",
        result: result("cancelled", {
          "indexing.document_sections": receipt("cancelled", { unitsDone: 214, rowsWritten: 800 }),
          "indexing.section_extractions": receipt("cancelled"),
        }),
      },
    ],
  ]),
  resumed: script([
    [0, runStarted(pipelineModels.slice(0, 2), true)],
    [
      0,
      {
        type: "model_finished",
        model: "indexing.document_sections",
        receipt: receipt("succeeded", { unitsDone: 4, rowsWritten: 31, executionTimeMs: 2_100 }),
      },
    ],
    [0.1, { type: "model_started", model: "indexing.section_extractions", attempt: 1 }],
    [
      1,
      {
        type: "model_finished",
        model: "indexing.section_extractions",
        receipt: receipt("succeeded", { unitsDone: 1, rowsWritten: 1, executionTimeMs: 900 }),
      },
    ],
    [
      1,
      {
        type: "run_finished",
        result: result("succeeded", {
          "indexing.document_sections": receipt("succeeded", { unitsDone: 4, rowsWritten: 31, executionTimeMs: 2_100 }),
          "indexing.section_extractions": receipt("succeeded", { unitsDone: 1, rowsWritten: 1, executionTimeMs: 900 }),
        }),
      },
    ],
  ]),
} as const;
