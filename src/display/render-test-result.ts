import { formatDuration } from "../core/duration.ts";
import { plural } from "../core/text.ts";
import type { TestCounts, TestResult } from "../data-tests/test-result.ts";
import { escapeControls } from "./fit-text.ts";
import type { Palette } from "./output.ts";
import { renderTable } from "./render-table.ts";
import { type Suggest, suggestPlainly, withSuggestions } from "./suggest.ts";

interface TestOptions {
  readonly colors: Palette;
  readonly width: number;
  readonly command?: Suggest | undefined;
}

const ROWS_SHOWN = 10;
const LABEL_WIDTH = 11;
const LABELS = { passed: "pass", warned: "warn", failed: "fail", errored: "error", skipped: "skip" } as const;

/** One test on a line, and below it the rows that are wrong. */
export function renderTestResult(result: TestResult, options: TestOptions): readonly string[] {
  const { colors, width, command = suggestPlainly } = options;
  const { status, failures, rows, error } = result;
  const paint = {
    passed: colors.green,
    warned: colors.yellow,
    failed: colors.red,
    errored: colors.red,
    skipped: colors.dim,
  };
  const label = `${paint[status](LABELS[status])}${" ".repeat(LABEL_WIDTH - LABELS[status].length)}`;
  const details =
    failures === 0 ? [formatDuration(result.durationMs)] : [plural(failures, "row"), formatDuration(result.durationMs)];
  const said = error === undefined ? details : [escapeControls(error.message)];
  const line = `${label}${escapeControls(`${result.model} ${result.test}`)}  ${colors.dim(said.join(" · "))}`;
  const shown = rows.slice(0, ROWS_SHOWN);
  const [first] = shown;
  const hint =
    error?.hint === undefined ? [] : [colors.dim(`  → ${escapeControls(withSuggestions(error.hint, command))}`)];
  if (first === undefined) return [line, ...hint];
  const columns = Object.keys(first);
  const indent = "  ";
  const cells = shown.map((row) => columns.map((column) => row[column]));
  const table = renderTable({ columns, rows: cells, colors, width: width - indent.length });
  const more = failures - shown.length;
  return [
    line,
    ...table.map((text) => `${indent}${text}`),
    ...(more > 0 ? [colors.dim(`${indent}… and ${plural(more, "more row", "more rows")}`)] : []),
  ];
}

/** `18 tests passed, 1 warned, 1 failed`: what there is, the good first. */
export function describeTests(tests: TestCounts): string {
  const others = (["warned", "failed", "errored", "skipped"] as const).flatMap((status) =>
    tests[status] === 0 ? [] : [`${tests[status].toLocaleString("en-US")} ${status}`],
  );
  return [`${plural(tests.passed, "test")} passed`, ...others].join(", ");
}
