import { exactJson, JsonNumber } from "../core/json.ts";
import { cutText, escapeControls, padText, textWidth } from "./fit-text.ts";
import type { Palette } from "./output.ts";

export interface TableOptions {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
  readonly colors: Palette;
  readonly width: number;
  /** Colours a cell after it has been cut and filled up. */
  readonly paint?: ((cell: string, at: { readonly column: string; readonly value: unknown }) => string) | undefined;
}

const GAP = "  ";
const LEAST_CELL = 8;
// A longer cell is cut even where there is room: rows should be lines, not paragraphs.
const MAX_CELL_WIDTH = 60;

/** Rows in aligned columns, cut to the width; rows with too many columns for it become records. */
export function renderTable(options: TableOptions): readonly string[] {
  const { columns, rows, colors, width, paint = (cell) => cell } = options;
  const isCut = Number.isFinite(width);
  const cells = rows.map((row) => columns.map((_, index) => formatCell(row[index])));
  const natural = columns.map((column, index) => {
    const longest = Math.max(textWidth(column), ...cells.map((row) => textWidth(row[index] ?? "")));
    return isCut ? Math.min(longest, MAX_CELL_WIDTH) : longest;
  });
  const widths = shrink(natural, width - GAP.length * (columns.length - 1));
  if (widths === undefined) return renderRecords(options);
  const isNumeric = columns.map(
    (_, index) =>
      rows.length > 0 &&
      rows.every((row) => isNumber(row[index]) || isEmpty(row[index])) &&
      rows.some((row) => isNumber(row[index])),
  );
  const fit = (text: string, index: number) =>
    padText(cutText(text, widths[index] ?? 0), widths[index] ?? 0, isNumeric[index] === true ? "right" : "left");
  return [
    columns
      .map((column, index) => colors.dim(fit(column, index)))
      .join(GAP)
      .trimEnd(),
    ...cells.map((row, at) =>
      row
        .map((cell, index) => {
          const value = rows[at]?.[index];
          const text = fit(cell, index);
          return isEmpty(value) ? colors.dim(text) : paint(text, { column: columns[index] ?? "", value });
        })
        .join(GAP)
        .trimEnd(),
    ),
  ];
}

/** One column to a line, a blank line between rows. */
function renderRecords({ columns, rows, colors, width }: TableOptions): readonly string[] {
  const nameWidth = Math.min(Math.max(0, ...columns.map(textWidth)), Math.floor(width / 2));
  return rows.flatMap((row, at) => [
    ...(at === 0 ? [] : [""]),
    ...columns.map((column, index) => {
      const value = row[index];
      const text = cutText(formatCell(value), Math.max(8, width - nameWidth - GAP.length));
      return `${colors.dim(padText(cutText(column, nameWidth), nameWidth))}${GAP}${isEmpty(value) ? colors.dim(text) : text}`;
    }),
  ]);
}

/** Any value on one line: null as a dash, objects as JSON, control characters shown. */
function formatCell(value: unknown): string {
  if (isEmpty(value)) return "–";
  if (typeof value === "string") return escapeControls(value);
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return `\\x${Buffer.from(value).toString("hex")}`;
  return escapeControls(isNumber(value) ? String(value) : exactJson(value));
}

// The widest give way first, and none below what still says something.
function shrink(natural: readonly number[], room: number): readonly number[] | undefined {
  const least = natural.map((width) => Math.min(width, LEAST_CELL));
  const sum = (widths: readonly number[]) => widths.reduce((total, width) => total + width, 0);
  if (sum(natural) <= room) return natural;
  if (sum(least) > room) return undefined;
  const widths = [...natural];
  let excess = sum(widths) - room;
  while (excess > 0) {
    const widest = Math.max(...widths);
    const next = Math.max(LEAST_CELL, ...widths.filter((width) => width < widest));
    const at = widths.flatMap((width, index) => (width === widest ? [index] : []));
    const cut = Math.min(excess, Math.max(1, (widest - next) * at.length));
    at.forEach((index, position) => {
      widths[index] = widest - Math.floor(cut / at.length) - (position < cut % at.length ? 1 : 0);
    });
    excess -= cut;
  }
  return widths;
}

function isEmpty(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}

function isNumber(value: unknown): value is number | bigint | JsonNumber {
  return typeof value === "number" || typeof value === "bigint" || value instanceof JsonNumber;
}
