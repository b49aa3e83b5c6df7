import { formatDuration } from "../core/duration.ts";
import { plural } from "../core/text.ts";
import { hasUnits } from "../model/define-sql-model.ts";
import type { Receipt, Usage } from "../state/results.ts";
import { escapeControls } from "./fit-text.ts";
import type { Palette } from "./output.ts";
import { describeTests } from "./render-test-result.ts";
import { type DisplayStatus, type ModelProgress, unitRate } from "./run-state.ts";

const GLYPHS: Readonly<Record<DisplayStatus, string>> = {
  pending: "○",
  queued: "◌",
  running: "●",
  retrying: "↻",
  succeeded: "✓",
  partial: "▲",
  failed: "✗",
  skipped: "↷",
  cancelled: "■",
};

export function statusGlyph(status: DisplayStatus): string {
  return GLYPHS[status];
}

/** Colours a text by what a status means. */
export function paintStatus(status: string, text: string, colors: Palette): string {
  switch (status) {
    case "succeeded":
      return colors.green(text);
    case "failed":
      return colors.red(text);
    case "partial":
    case "queued":
    case "retrying":
    case "cancelled":
    case "stopped":
    case "interrupted":
      return colors.yellow(text);
    case "running":
      return colors.cyan(text);
    default:
      return colors.dim(text);
  }
}

/** What there is to say about a model now, the most important first. */
export function describeModel(model: ModelProgress, now: number): readonly string[] {
  const { receipt, error, note } = model;
  switch (model.status) {
    case "pending":
      return [];
    case "queued":
    case "retrying":
    case "skipped":
      return note === undefined ? [] : [note];
    case "running":
      return describeProgress(model, now);
    case "failed":
      return error === undefined ? [] : [error.code, oneLine(error.message)];
    case "cancelled":
      return receipt === undefined || receipt.unitsDone === 0
        ? ["cancelled"]
        : ["cancelled", `${plural(receipt.unitsDone, "unit")} kept`];
    default:
      return model.isFromBefore ? ["done before"] : receipt === undefined ? [] : describeReceipt(model, receipt);
  }
}

/** Share of the units that are finished, from 0 to 1; undefined when their number is unknown. */
export function shareDone(model: ModelProgress): number | undefined {
  const { unitsTotal, unitsDone, unitsFailed } = model.progress ?? {};
  if (unitsTotal === undefined || unitsTotal === 0) return undefined;
  return Math.min(1, ((unitsDone ?? 0) + (unitsFailed ?? 0)) / unitsTotal);
}

function describeProgress(model: ModelProgress, now: number): readonly string[] {
  const { progress, startedAt } = model;
  const elapsed = startedAt === undefined || now - startedAt < 1_000 ? [] : [formatDuration(now - startedAt)];
  if (progress === undefined) return elapsed;
  const { unitsDone, unitsFailed, unitsTotal, message } = progress;
  const said = message === undefined ? [] : [oneLine(message)];
  if (unitsTotal === 0) return [...said, ...elapsed];
  const over = unitsDone + unitsFailed;
  const count =
    unitsTotal === undefined
      ? over.toLocaleString("en-US")
      : `${over.toLocaleString("en-US")}/${unitsTotal.toLocaleString("en-US")}`;
  const failed = unitsFailed === 0 ? [] : [`${unitsFailed.toLocaleString("en-US")} failed`];
  const rate = unitRate(model, now);
  if (rate === undefined) return [count, ...failed, ...said, ...elapsed];
  const left = unitsTotal === undefined ? [] : [`${formatDuration(((unitsTotal - over) / rate) * 1_000)} left`];
  return [count, ...failed, formatRate(rate), ...left, ...said];
}

function describeReceipt(model: ModelProgress, receipt: Receipt): readonly string[] {
  const { rowsWritten, rowsDeleted, rowsUnchanged, unitsDone, unitsFailed, unitsWaiting } = receipt;
  const { executionTimeMs, usage, counts, tests } = receipt;
  const failed = unitsFailed === 0 ? [] : [`${plural(unitsFailed, "unit")} failed`];
  const { form } = model.summary;
  // A model of one unit that has run shows what happened to its rows.
  const hadNone = hasUnits(form) || (model.startedAt === undefined && rowsUnchanged === 0);
  const isIdle = rowsWritten + rowsDeleted + unitsDone + unitsFailed === 0 && hadNone;
  return [
    form === "view" ? "view" : isIdle ? "up to date" : describeRows(receipt),
    ...(unitsDone === 0 ? [] : [plural(unitsDone, "unit")]),
    ...failed,
    ...(unitsWaiting === undefined ? [] : [`${plural(unitsWaiting, "group")} waiting`]),
    ...(rowsDeleted === 0 ? [] : [`${rowsDeleted.toLocaleString("en-US")} deleted`]),
    ...(usage === null || usage.calls === 0 ? [] : [describeCost(usage)]),
    formatDuration(executionTimeMs),
    ...(tests === undefined ? [] : [describeTests(tests)]),
    ...Object.entries(counts ?? {}).map(([name, count]) => `${name} ${count.toLocaleString("en-US")}`),
  ];
}

function describeRows({ rowsWritten, rowsUnchanged }: Receipt): string {
  return rowsWritten === 0 && rowsUnchanged > 0
    ? `${plural(rowsUnchanged, "row")} unchanged`
    : plural(rowsWritten, "row");
}

function formatRate(perSecond: number): string {
  if (perSecond >= 10) return `${Math.round(perSecond).toLocaleString("en-US")}/s`;
  return perSecond >= 1 ? `${perSecond.toFixed(1)}/s` : `${(perSecond * 60).toFixed(1)}/min`;
}

/** Calls, tokens and cost; nothing without calls. */
export function describeUsage(usage: Usage | null): readonly string[] {
  if (usage === null || usage.calls === 0) return [];
  const { calls, cachedCalls, inputTokens, outputTokens } = usage;
  const cached = cachedCalls === 0 ? "" : ` (${cachedCalls.toLocaleString("en-US")} cached)`;
  return [
    `${plural(calls, "call")}${cached}`,
    `${(inputTokens + outputTokens).toLocaleString("en-US")} tokens`,
    describeCost(usage),
  ];
}

/** The known cost, and the number of calls of unknown cost: `$0.38 + 3 calls of unknown cost`. */
export function describeCost({ costUsd, unknownCalls }: Pick<Usage, "costUsd" | "unknownCalls">): string {
  if (unknownCalls === 0) return formatCost(costUsd);
  const unknown = `${plural(unknownCalls, "call")} of unknown cost`;
  return costUsd === 0 ? unknown : `${formatCost(costUsd)} + ${unknown}`;
}

/** Enough digits that a cheap call is not shown as free. */
export function formatCost(usd: number): string {
  return usd === 0 || usd >= 1 ? `$${usd.toFixed(2)}` : `$${Number(usd.toPrecision(2))}`;
}

function oneLine(text: string): string {
  return escapeControls(text.split("\n", 1)[0] ?? "");
}
