import pc from "picocolors";
import { expect, test } from "vitest";
import { RunState } from "../../src/display/run-state.ts";
import { renderSummary } from "../../src/display/summary.ts";
import type { Receipt } from "../../src/state/results.ts";

const summaryOf = (counts: Partial<Receipt>) => {
  const receipt: Receipt = {
    status: "succeeded",
    tableName: "m",
    rowsWritten: 0,
    rowsDeleted: 0,
    rowsUnchanged: 0,
    unitsDone: 0,
    unitsFailed: 0,
    unitsQuarantined: 0,
    executionTimeMs: 5,
    usage: null,
    ...counts,
  };
  const state = new RunState();
  state.apply({
    at: "2026-01-01T00:00:00Z",
    type: "run_finished",
    result: {
      runId: "r",
      pipeline: "n",
      status: "succeeded",
      models: { "n.m": receipt },
      modelsExecuted: ["n.m"],
      modelsSkipped: [],
      errors: {},
      usage: null,
      durationMs: 5,
    },
  });
  return renderSummary(state, { colors: pc.createColors(false), width: 80 })[1];
};

test("a run that processed units which gave no rows does not say that nothing had changed", () => {
  expect(summaryOf({ unitsDone: 2 })).toBe("1 model · 0 rows written");
  expect(summaryOf({})).toBe("1 model · nothing had changed");
});

test("rows that a run found equal are counted", () => {
  expect(summaryOf({ unitsDone: 2, rowsUnchanged: 9 })).toBe("1 model · 0 rows written · 9 unchanged");
});

test("units that no run takes any more are called quarantined", () => {
  expect(summaryOf({ unitsQuarantined: 2 })).toBe("1 model · nothing had changed · 2 units quarantined");
});
