import pc from "picocolors";
import { expect, test } from "vitest";
import { RunState } from "../../src/display/run-state.ts";
import { renderFailure, renderSummary } from "../../src/display/summary.ts";
import { model, result, runStarted, script } from "./scripted-run.ts";

const render = (failures: readonly [unit: string, code: string, message: string][]) => {
  const state = new RunState();
  for (const [unit, code, message] of failures)
    state.apply({ at: "2026-01-01T00:00:00Z", type: "unit_failed", model: "n.m", unit, error: { code, message } });
  const options = { colors: pc.createColors(false), width: 80 };
  return state.unitFailures.flatMap((failure) => renderFailure(failure, options));
};

test("units that failed in different ways are told one by one, in the same way together", () => {
  const lines = render([
    ["a", "UNREADABLE", "a.md is not UTF-8"],
    ["b", "UNREADABLE", "b.md has no end"],
    ["c", "TIMEOUT", "no answer"],
    ["d", "TIMEOUT", "no answer"],
  ]);
  expect(lines).toEqual([
    '✗ n.m · unit "a"  UNREADABLE',
    "  a.md is not UTF-8",
    '✗ n.m · unit "b"  UNREADABLE',
    "  b.md has no end",
    '✗ n.m · units "c", "d"  TIMEOUT',
    "  no answer",
  ]);
});

test("failures stand in the order of the models, whichever failed first", () => {
  const state = new RunState();
  const error = { code: "TIMEOUT", message: "no answer" };
  const failed = (name: string) => ({ type: "unit_failed", model: name, unit: "a", error }) as const;
  const events = script([
    [0, runStarted([model("n.first"), model("n.second")])],
    [1, failed("n.second")],
    [2, failed("n.first")],
    [3, { type: "run_finished", result: result("partial", {}) }],
  ]);
  for (const event of events) state.apply(event);
  const lines = renderSummary(state, { colors: pc.createColors(false), width: 80 });
  expect(lines.filter((line) => line.startsWith("✗ n."))).toEqual([
    '✗ n.first · unit "a"  TIMEOUT',
    '✗ n.second · unit "a"  TIMEOUT',
  ]);
});

test("a unit of a document is told with the document's path", () => {
  const state = new RunState();
  const error = { code: "UNREADABLE", message: "not UTF-8" };
  for (const [unit, document] of [
    ["3f9a", "docs/a.md"],
    ["77c0", "docs/b.md"],
  ] as const)
    state.apply({ at: "2026-01-01T00:00:00Z", type: "unit_failed", model: "n.m", unit, document, error });
  const [line] = state.unitFailures.flatMap((failure) =>
    renderFailure(failure, { colors: pc.createColors(false), width: 80 }),
  );
  expect(line).toBe('✗ n.m · units "3f9a" of docs/a.md, "77c0" of docs/b.md  UNREADABLE');
});

test("of many ways a few are shown and the rest counted", () => {
  const lines = render(Array.from({ length: 500 }, (_, n) => [`unit-${n}`, "ROW_INVALID", `value ${n} is wrong`]));
  expect(lines).toHaveLength(7);
  expect(lines.at(-1)).toBe("  … and 497 more units with ROW_INVALID");
});
