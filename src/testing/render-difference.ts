import { exactJson } from "../core/json.ts";
import { createPalette } from "../display/output.ts";
import { renderTable } from "../display/render-table.ts";
import type { RowDifference } from "./compare-rows.ts";

const MAX_ROWS = 50;
const colors = createPalette({ write: () => undefined });

/** The rows that differ, as a table: `-` is missing, `+` too much, `~` has other values. */
export function renderDifference({ columns, missing, unexpected, changed }: RowDifference): readonly string[] {
  const cells = (sign: string, row: Readonly<Record<string, unknown>>) => [sign, ...columns.map((name) => row[name])];
  const rows = [
    ...changed.map(({ expected, actual }) => [
      "~",
      ...columns.map((name) =>
        sameText(expected[name], actual[name]) ? actual[name] : `${show(expected[name])} → ${show(actual[name])}`,
      ),
    ]),
    ...missing.map((row) => cells("-", row)),
    ...unexpected.map((row) => cells("+", row)),
  ];
  const more = rows.length - MAX_ROWS;
  const table = renderTable({
    columns: [" ", ...columns],
    rows: rows.slice(0, MAX_ROWS),
    colors,
    width: Number.POSITIVE_INFINITY,
  });
  return more > 0 ? [...table, `… and ${more} more`] : table;
}

const show = (value: unknown): string =>
  value === null || value === undefined ? "null" : typeof value === "string" ? value : exactJson(value);
const sameText = (left: unknown, right: unknown) => show(left) === show(right);
