import { formatAge, formatDuration } from "../core/duration.ts";
import { exactJson } from "../core/json.ts";
import { plural } from "../core/text.ts";
import type { TracedDocument } from "../trace/trace-documents.ts";
import { sumTraceUsage } from "../trace/trace-usage.ts";
import type { InputTrace, RowTrace } from "../trace/trace.ts";
import { describeUsage } from "./describe-model.ts";
import { cutText, escapeControls, fitParts, padText, textWidth } from "./fit-text.ts";
import type { Palette } from "./output.ts";

interface TraceLine {
  readonly prefix: string;
  /** Connectors in front of a line that belongs to this one. */
  readonly indent: string;
  readonly name: string;
  readonly key: readonly string[];
  readonly notes: readonly string[];
  readonly tone: "row" | "document" | "quiet" | "warning";
  readonly excerpt?: string | null;
}

export interface TraceDisplay {
  readonly colors: Palette;
  readonly width: number;
  readonly now: number;
}

const SEPARATOR = " · ";
const GAP = 2;
// Room for a run, a duration and an age; with less of it, namespaces and the ends of keys go first.
const ENOUGH_NOTES = 56;
const LEAST_NOTES = 24;
// Long enough to be typed instead of the whole.
const WIDE_KEY = 20;
const NARROW_KEY = 10;

/** A trace as a tree: the row, under it what it was made of, at the ends the documents; then what all of it took. */
export function renderTrace(trace: RowTrace, display: TraceDisplay): readonly string[] {
  const usage = sumTraceUsage(trace);
  const tree = renderTree(trace, display);
  if (usage === undefined) return tree;
  const what = usage.isWhole ? "Total" : "Total of what is listed";
  return [...tree, "", display.colors.dim([what, describeUsage(usage).join(SEPARATOR)].join("  "))];
}

function renderTree(trace: RowTrace, { colors, width, now }: TraceDisplay): readonly string[] {
  const whole = layoutTrace(trace, now);
  const isNarrow = widthOf(whole) + ENOUGH_NOTES > width;
  const lines = isNarrow ? whole.map(shorten) : whole;
  const column = Math.min(widthOf(lines), Math.max(width - LEAST_NOTES, width / 2));
  return lines.flatMap(({ prefix, indent, name, key, notes, tone, excerpt }) => {
    const label = cutText(name, Math.max(1, column - textWidth(prefix)));
    const room = column - textWidth(prefix) - textWidth(label);
    const rest = key.length === 0 ? "" : cutText(`  ${key.join(" ")}`, room);
    const fitting = fitParts(notes, Math.max(LEAST_NOTES, width - column - GAP)).join(SEPARATOR);
    const filled = fitting === "" ? rest : padText(rest, room + GAP);
    const paint = { row: colors.bold, document: colors.cyan, quiet: colors.dim, warning: colors.yellow }[tone];
    const paintNotes = tone === "warning" ? colors.yellow : colors.dim;
    const line = `${colors.dim(prefix)}${paint(label)}${filled}${paintNotes(fitting)}`;
    if (excerpt === null || excerpt === undefined) return [line];
    const quote = `“${escapeControls(excerpt.replaceAll(/\s+/g, " ").trim())}”`;
    return [line, `${colors.dim(indent)}  ${colors.italic(cutText(quote, Math.max(20, width - indent.length - 2)))}`];
  });
}

function widthOf(lines: readonly TraceLine[]): number {
  return Math.max(
    ...lines.map(({ prefix, name, key }) =>
      textWidth([`${prefix}${name}`, ...(key.length === 0 ? [] : ["", ...key])].join(" ")),
    ),
  );
}

function shorten(line: TraceLine): TraceLine {
  const name = line.tone === "document" ? line.name : line.name.slice(line.name.lastIndexOf(".") + 1);
  return { ...line, name, key: line.key.map((part) => cutText(part, NARROW_KEY)) };
}

function layoutTrace(root: RowTrace, now: number): readonly TraceLine[] {
  const lines: TraceLine[] = [];
  const shown = new Set<string>();
  const visit = (
    line: Omit<TraceLine, "prefix" | "indent">,
    prefix: string,
    indent: string,
    below: readonly Child[],
  ) => {
    lines.push({ ...line, prefix, indent: `${indent}${below.length > 0 ? "│" : " "}` });
    below.forEach((child, index) => {
      const isLast = index === below.length - 1;
      const { trace, by } = child;
      const [head, tail] = [`${indent}${isLast ? "└─ " : "├─ "}`, `${indent}${isLast ? "   " : "│  "}`];
      if (trace === undefined) visit(child.line, head, tail, []);
      else visitRow(trace, by, head, tail);
    });
  };
  const visitRow = (trace: RowTrace, by: InputTrace["by"], prefix: string, indent: string) => {
    const line = describeRow(trace, by, now);
    const id = JSON.stringify([trace.table, ...Object.values(trace.key)]);
    const isKnown = shown.has(id) && Object.keys(trace.key).length > 0;
    shown.add(id);
    if (isKnown) visit({ ...line, notes: ["as above"], tone: "quiet", excerpt: null }, prefix, indent, []);
    else visit(line, prefix, indent, childrenOf(trace));
  };
  visitRow(root, "unit", "", "");
  return lines;
}

type Child =
  | { readonly trace: RowTrace; readonly by: InputTrace["by"]; readonly line?: undefined }
  | { readonly trace?: undefined; readonly by?: undefined; readonly line: Omit<TraceLine, "prefix" | "indent"> };

function childrenOf(trace: RowTrace): readonly Child[] {
  const { inputs, isCut } = trace;
  const children = inputs.flatMap((input) => {
    const { by, rows, documents, total } = input;
    const name = input.model ?? input.table;
    if (by === "whole") return [leaf(name, [`all of it, ${countOf(input, total)}`])];
    if (total === 0) return [by === "unit" ? gone(trace, name) : leaf(name, ["nothing that matches"])];
    const hidden = total - rows.length - documents.length;
    return [
      ...rows.map((row): Child => ({ trace: row, by })),
      ...documents.map((document) => documentLeaf(document, trace)),
      ...(hidden > 0 ? [leaf(`… and ${hidden.toLocaleString("en-US")} more`, [])] : []),
    ];
  });
  return isCut ? [leaf("…", [])] : children;
}

const countOf = ({ table, model }: InputTrace, count: number) =>
  plural(count, model === null && table === "documents" ? "document" : "row");

function leaf(name: string, notes: readonly string[]): Child {
  return { line: { name, key: [], notes, tone: "quiet" } };
}

function gone({ unit }: RowTrace, name: string): Child {
  return { line: { name, key: [shortValue(unit?.sourceKey ?? "")], notes: ["gone since"], tone: "warning" } };
}

function documentLeaf(document: TracedDocument, { unit }: RowTrace): Child {
  const isNewer = unit !== null && unit.updatedAt < document.updatedAt;
  return {
    line: {
      name: placeOf(document),
      key: [],
      notes: [
        ...(isNewer ? ["changed since"] : []),
        ...(document.title === null ? [] : [escapeControls(document.title)]),
      ],
      tone: "document",
      excerpt: document.excerpt,
    },
  };
}

function describeRow(trace: RowTrace, by: InputTrace["by"], now: number): Omit<TraceLine, "prefix" | "indent"> {
  const { unit, place, runId, updatedAt, inputs } = trace;
  const isFailed = unit !== null && unit.status !== "done" && unit.status !== "kept";
  const isInLeaf = inputs.some(({ documents }) => documents.some(({ id }) => id === place?.id));
  const ownPlace = place === null || isInLeaf ? null : place;
  return {
    name: trace.model ?? trace.table,
    key: Object.values(trace.key).map(shortValue),
    notes: [
      ...(ownPlace === null ? [] : [placeOf(ownPlace)]),
      ...(isFailed ? [`${unit.status}: ${unit.errorCode ?? ""} ${escapeControls(unit.error ?? "")}`] : []),
      ...(by === "match" ? ["matches"] : by === "key" ? ["same key"] : []),
      ...(runId === null ? [] : [`run ${shortRun(runId)}`]),
      ...(unit === null || unit.durationMs === null || isFailed ? [] : [formatDuration(unit.durationMs)]),
      ...describeUsage(unit?.usage ?? null),
      ...(updatedAt === null ? [] : [formatAge(now - Date.parse(updatedAt))]),
    ],
    tone: isFailed ? "warning" : "row",
    excerpt: ownPlace?.excerpt ?? null,
  };
}

function placeOf({ path, sourceUrl, startOffset, endOffset }: TracedDocument): string {
  const name = escapeControls(path ?? sourceUrl);
  return startOffset === null || endOffset === null ? name : `${name}:${startOffset}-${endOffset}`;
}

/** The time of a run's id, which is enough to name it to other commands. */
const shortRun = (runId: string) => runId.replace(/^(\d{8}-\d{6})-.*$/, "$1");

function shortValue(value: unknown): string {
  const text = escapeControls(typeof value === "string" ? value : exactJson(value));
  return cutText(text, WIDE_KEY);
}
