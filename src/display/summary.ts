import { relative } from "node:path";
import { ascending } from "../core/ascending.ts";
import { formatDuration } from "../core/duration.ts";
import type { ErrorJson } from "../core/errors.ts";
import { plural } from "../core/text.ts";
import type { Receipt, RunResult } from "../state/results.ts";
import { errorPageOf } from "./error-page.ts";
import { describeUsage, paintStatus } from "./describe-model.ts";
import { escapeControls, proseWidth, wrapText } from "./fit-text.ts";
import type { Palette } from "./output.ts";
import type { RunState, UnitFailures } from "./run-state.ts";
import { type Suggest, suggestPlainly, withSuggestions } from "./suggest.ts";

export interface SummaryOptions {
  readonly colors: Palette;
  readonly width: number;
  /** Also where in the model's code it was thrown. */
  readonly isVerbose?: boolean | undefined;
  readonly command?: Suggest | undefined;
}

/** The last lines of a run: what happened, what went wrong, and what to type next. */
export function renderSummary(state: RunState, options: SummaryOptions): readonly string[] {
  const { result } = state;
  if (result === undefined) return [];
  const { colors, command = suggestPlainly } = options;
  const counts = renderCounts(result);
  const failures = [
    ...Object.entries(result.errors).map(([model, error]): Failure => ({ model, error })),
    ...inModelOrder(state),
  ];
  const errors = failures.map((failure) => renderFailure(failure, options));
  const page = errorPageOf(failures.map(({ error }) => error.code));
  const next = nextCommand(result);
  return [
    paintStatus(result.status, colors.bold(headline(result, unitsLeft(state))), colors),
    ...(counts === "" ? [] : wrapText(counts, proseWidth(options.width, 0)).map((line) => colors.dim(line))),
    ...(errors.length === 0 ? [] : ["", ...errors.flat()]),
    ...(next === undefined ? [] : ["", `${colors.dim("Next:")} ${colors.cyan(command(...next))}`]),
    ...(page === undefined ? [] : [colors.dim(`Docs: ${page}`)]),
  ];
}

// Models run concurrently, so which of them fails first is chance.
function inModelOrder({ models, unitFailures }: RunState): readonly UnitFailures[] {
  const order = [...models.keys()];
  return unitFailures.toSorted((a, b) => ascending(order.indexOf(a.model), order.indexOf(b.model)));
}

// Models that have not started do not know their units yet.
function unitsLeft({ models }: RunState): number {
  return [...models.values()].reduce((sum, { status, progress }) => {
    const isOpen = status === "cancelled" && progress?.unitsTotal !== undefined;
    return sum + (isOpen ? progress.unitsTotal - progress.unitsDone - progress.unitsFailed : 0);
  }, 0);
}

function headline({ pipeline, status, stoppedBy = "budget", models, durationMs }: RunResult, left: number): string {
  const receipts = Object.values(models);
  const count = (wanted: Receipt["status"]) => receipts.filter((receipt) => receipt.status === wanted).length;
  const time = formatDuration(durationMs);
  switch (status) {
    case "succeeded":
      return `✓ ${pipeline} succeeded in ${time}`;
    case "partial":
      return `▲ ${pipeline} finished in ${time}, but ${describeUndone(receipts)}`;
    case "failed": {
      const others = [
        count("partial") > 0 ? `, ${count("partial")} partial` : "",
        count("skipped") > 0 ? `, ${count("skipped")} skipped` : "",
        count("succeeded") > 0 ? `, ${count("succeeded")} succeeded` : "",
      ];
      return `✗ ${pipeline} failed after ${time}: ${plural(count("failed"), "model")} failed${others.join("")}`;
    }
    case "cancelled":
    case "stopped": {
      const why = { budget: " by its budget", provider: ": the provider is down" }[stoppedBy];
      const remaining = left === 0 ? "" : `, ${plural(left, "unit")} remain${left === 1 ? "s" : ""}`;
      return `■ ${pipeline} was ${status}${status === "stopped" ? why : ""} after ${time}; finished units are kept${remaining}`;
    }
    default:
      return `● ${pipeline} is ${status}`;
  }
}

// Units that no run takes any more are as little done as those that failed just now.
function describeUndone(receipts: readonly Receipt[]): string {
  const failed = receipts.reduce((sum, receipt) => sum + receipt.unitsFailed, 0);
  const quarantined = receipts.reduce((sum, receipt) => sum + receipt.unitsQuarantined, 0);
  const waiting = receipts.reduce((sum, receipt) => sum + (receipt.unitsWaiting ?? 0), 0);
  if (failed > 0) return `${plural(failed, "unit")} failed`;
  if (quarantined === 0 && waiting > 0) return `${plural(waiting, "group")} wait${waiting === 1 ? "s" : ""}`;
  // What is left then is what the run could not read when it began.
  if (quarantined === 0) return "not every document could be read";
  return `${plural(quarantined, "unit")} ${quarantined === 1 ? "is" : "are"} quarantined`;
}

function renderCounts(result: RunResult): string {
  const receipts = Object.values(result.models);
  const sum = (count: (receipt: Receipt) => number) => receipts.reduce((total, receipt) => total + count(receipt), 0);
  const written = sum((receipt) => receipt.rowsWritten);
  const deleted = sum((receipt) => receipt.rowsDeleted);
  const unchanged = sum((receipt) => receipt.rowsUnchanged);
  const isIdle = written + deleted + sum((receipt) => receipt.unitsDone) === 0;
  const isSucceeded = result.status === "succeeded";
  if (isIdle && !isSucceeded && result.usage === null) return "";
  const quarantined = sum((receipt) => receipt.unitsQuarantined);
  const waiting = sum((receipt) => receipt.unitsWaiting ?? 0);
  const models = result.modelsExecuted.length;
  return [
    ...(models === 0 ? [] : [plural(models, "model")]),
    isIdle && isSucceeded ? "nothing had changed" : `${plural(written, "row")} written`,
    ...(deleted === 0 ? [] : [`${deleted.toLocaleString("en-US")} deleted`]),
    ...(unchanged === 0 || isIdle ? [] : [`${unchanged.toLocaleString("en-US")} unchanged`]),
    ...(quarantined === 0 ? [] : [`${plural(quarantined, "unit")} quarantined`]),
    ...(waiting === 0 ? [] : [`${plural(waiting, "group")} waiting for members that failed`]),
    ...describeUsage(result.usage),
  ].join(" · ");
}

interface Failure extends Partial<Pick<UnitFailures, "units" | "count" | "others">> {
  readonly model: string;
  readonly error: ErrorJson;
}

/** One error: where, its code, what, and the next step. */
export function renderFailure(
  { model, error, units, count, others = 0 }: Failure,
  { colors, width, isVerbose = false, command = suggestPlainly }: SummaryOptions,
): readonly string[] {
  const indent = "  ";
  const room = proseWidth(width, indent.length);
  const where = units === undefined || count === undefined ? "" : ` ${colors.dim("·")} ${describeUnits(units, count)}`;
  const message = wrapText(escapeControls(error.message, { keepNewlines: true }), room);
  const place = isVerbose ? undefined : placeOf(error.stack?.[0]);
  const advice = error.hint === undefined ? [] : [withSuggestions(error.hint, command)];
  const hint = advice.flatMap((text) => wrapText(`→ ${escapeControls(text, { keepNewlines: true })}`, room));
  return [
    `${colors.red("✗")} ${colors.bold(model)}${where}  ${colors.red(error.code)}`,
    ...message.map((line) => `${indent}${line}`),
    ...(place === undefined ? [] : [`${indent}${colors.dim(escapeControls(`at ${place}`))}`]),
    ...hint.map((line) => `${indent}${colors.dim(line)}`),
    ...(others === 0 ? [] : [`${indent}${colors.dim(`… and ${plural(others, "more unit")} with ${error.code}`)}`]),
    ...(isVerbose ? (error.stack ?? []) : []).map((line) => `${indent}${colors.dim(escapeControls(line))}`),
  ];
}

// "at run (/home/ann/shop/models/orders.ts:12:7)", as a terminal or an editor opens it.
function placeOf(frame = ""): string | undefined {
  const place = /(?:file:\/\/)?(\/[^()]+:\d+:\d+)\)?$/.exec(frame)?.[1];
  if (place === undefined) return undefined;
  const fromHere = relative(process.cwd(), place);
  return fromHere.startsWith("..") ? place : fromHere;
}

function describeUnits(units: UnitFailures["units"], count: number): string {
  const named = units
    .map(({ unit, document }) => escapeControls(document === undefined ? `"${unit}"` : `"${unit}" of ${document}`))
    .join(", ");
  const more = count - units.length;
  return `${count === 1 ? "unit" : "units"} ${named}${more > 0 ? ` and ${more.toLocaleString("en-US")} more` : ""}`;
}

/** What to type after a run; undefined when there is nothing to look at. */
export function nextCommand(
  result: Pick<RunResult, "runId" | "status" | "models" | "modelsExecuted">,
): readonly string[] | undefined {
  switch (result.status) {
    case "succeeded": {
      const setAside = Object.entries(result.models).find(([, { unitsQuarantined }]) => unitsQuarantined > 0);
      if (setAside !== undefined) return ["show", setAside[0], "--errors"];
      const wrote = result.modelsExecuted.filter((name) => (result.models[name]?.rowsWritten ?? 0) > 0);
      const model = wrote.at(-1) ?? result.modelsExecuted.at(-1);
      return model === undefined ? undefined : ["show", model];
    }
    case "partial": {
      const failed = Object.entries(result.models).find(([, { unitsFailed }]) => unitsFailed > 0);
      return failed === undefined ? ["documents", "ls", "--status", "failed"] : ["show", failed[0], "--errors"];
    }
    case "running":
      return ["runs", "logs", result.runId, "--follow"];
    default:
      return ["runs", "resume", result.runId];
  }
}
