import { formatDuration } from "../core/duration.ts";
import { plural } from "../core/text.ts";
import { hasUnits } from "../model/define-sql-model.ts";
import type { Estimate, ModelPlan, PlannedReason, RunPlan } from "../plan/run-plan.ts";
import { IDLE_REASONS, WORK_REASONS } from "../run/units/unit-plan.ts";
import { formatCost } from "./describe-model.ts";
import { describeDocuments } from "./describe-documents.ts";
import type { Palette } from "./output.ts";
import { renderTable } from "./render-table.ts";

// What stays as it is comes last.
const ORDER: readonly PlannedReason[] = [...WORK_REASONS, "deleted", ...IDLE_REASONS];

/** A plan as a person reads it: per model how much, why, how long, and for how much money. */
export function renderPlan(
  plan: RunPlan,
  { colors, width }: { readonly colors: Palette; readonly width: number },
): readonly string[] {
  const paint = (cell: string, { column, value }: { column: string; value: unknown }) => {
    if (column !== "why") return column === "work" && value !== 0 ? colors.yellow(cell) : cell;
    return String(value).startsWith("nothing") ? colors.dim(cell) : cell;
  };
  const isPaid = plan.models.some(({ cost, isCostUnknown }) => cost !== undefined || isCostUnknown);
  const rows = plan.models.map((model) => [
    model.model,
    model.work,
    describeUnits(model),
    model.estimate === undefined ? null : `~${formatTime(model.estimate)}`,
    ...(isPaid
      ? [model.cost === undefined ? (model.isCostUnknown ? "unknown" : null) : `~${formatRange(model.cost)}`]
      : []),
  ]);
  const columns = ["model", "work", "why", "time", ...(isPaid ? ["cost"] : [])];
  const listed = plan.models.flatMap((model) => renderUnits(model, colors));
  return [
    `${colors.bold(`Plan of ${plan.pipeline}`)} ${colors.dim(`· ${plan.mode === "full" ? "full refresh" : "delta"}`)}`,
    ...(plan.documents === undefined ? [] : [`documents  ${describeDocuments(plan.documents)}`]),
    ...(plan.schema.length === 0 ? [] : [`tables     ${plural(plan.schema.length, "change")} to match the models`]),
    "",
    ...renderTable({ columns, rows, colors, width, paint }),
    ...(listed.length === 0 ? [] : ["", ...listed]),
    "",
    headline(plan, colors),
    ...(isPaid ? [renderCost(plan, colors)] : []),
  ];
}

function renderCost({ models }: RunPlan, colors: Palette): string {
  const costs = models.flatMap(({ cost }) => (cost === undefined ? [] : [cost]));
  const sum = {
    lowUsd: costs.reduce((usd, { lowUsd }) => usd + lowUsd, 0),
    highUsd: costs.reduce((usd, { highUsd }) => usd + highUsd, 0),
  };
  const bases = [...new Set(costs.map(({ basis }) => basis))];
  const unknown = models.filter(({ isCostUnknown }) => isCostUnknown).map(({ model }) => model);
  if (costs.length === 0) return `the cost of language models is not known yet: ${unknown.join(", ")}`;
  const more = unknown.length === 0 ? "" : `, and an unknown sum for ${unknown.join(", ")},`;
  return `about ${formatRange(sum)}${more} for language models ${colors.dim(`(${bases.join("; ")})`)}`;
}

function formatTime({ lowMs, highMs }: Estimate): string {
  const [low, high] = [formatDuration(lowMs), formatDuration(highMs)];
  return low === high ? low : `${low}–${high}`;
}

function formatRange({ lowUsd, highUsd }: { readonly lowUsd: number; readonly highUsd: number }): string {
  return lowUsd === highUsd ? formatCost(lowUsd) : `${formatCost(lowUsd)}–${formatCost(highUsd).slice(1)}`;
}

function describeUnits({ units, upstreamPending, pendingWork, changed, form }: ModelPlan): string {
  const isWhole = !hasUnits(form);
  const said = ORDER.filter((reason) => (units[reason] ?? 0) > 0 && !(isWhole && reason === "unchanged")).map(
    (reason) => (isWhole ? reason : `${(units[reason] ?? 0).toLocaleString("en-US")} ${reason}`),
  );
  const names = changed.length === 0 ? "" : ` (${changed.join(", ")})`;
  const pending =
    upstreamPending.length === 0 ? [] : [`upstream pending${isWhole ? "" : describePending(pendingWork)}`];
  const text = [...said, ...pending].join(" · ");
  return text === "" ? "nothing to do" : `${text}${names}`;
}

function describePending(work: ModelPlan["pendingWork"]): string {
  if (work === undefined) return ": number of units unknown";
  return `: about ${formatCounts(work.low, work.high)} ${work.high === 1 ? "unit" : "units"}`;
}

function renderUnits({ model, rows = [], work, units }: ModelPlan, colors: Palette): readonly string[] {
  if (rows.length === 0) return [];
  const hidden = work + (units.deleted ?? 0) - rows.length;
  return [
    colors.bold(model),
    ...rows.map(({ key, reason }) => `  ${colors.dim(reason.padEnd(9))} ${key === "" ? "the whole table" : key}`),
    ...(hidden > 0 ? [colors.dim(`  and ${hidden.toLocaleString("en-US")} more`)] : []),
  ];
}

/** Where one of them is unknown, so is the sum. */
function describeMore(pending: readonly ModelPlan[]): string {
  const known = pending.flatMap(({ pendingWork }) => pendingWork ?? []);
  if (pending.some(({ pendingWork, form }) => pendingWork === undefined && hasUnits(form))) return "more";
  const low = known.reduce((sum, work) => sum + work.low, 0);
  const high = known.reduce((sum, work) => sum + work.high, 0);
  return high === 0 ? "more" : `about ${formatCounts(low, high)} more`;
}

function formatCounts(low: number, high: number): string {
  return `${low === high ? "" : `${low.toLocaleString("en-US")}–`}${high.toLocaleString("en-US")}`;
}

function headline({ models }: RunPlan, colors: Palette): string {
  const work = models.reduce((sum, model) => sum + model.work, 0);
  const pending = models.filter(({ upstreamPending }) => upstreamPending.length > 0);
  const deleted = models.reduce((sum, { units }) => sum + (units.deleted ?? 0), 0);
  if (work + deleted === 0) return colors.bold("Nothing to do.");
  const idle = models.reduce(
    (sum, { units }) => sum + IDLE_REASONS.reduce((all, reason) => all + (units[reason] ?? 0), 0),
    0,
  );
  const ms = models.reduce((sum, { estimate }) => sum + (estimate?.ms ?? 0), 0);
  const bases = [...new Set(models.flatMap(({ estimate }) => (estimate === undefined ? [] : [estimate.basis])))];
  return [
    colors.bold(`${plural(work, "unit")} to process`),
    ...(deleted === 0 ? [] : [`${plural(deleted, "unit")} to delete`]),
    `${idle.toLocaleString("en-US")} as they are`,
    ...(pending.length === 0 ? [] : [`${describeMore(pending)} below pending upstreams`]),
    ...(ms === 0
      ? []
      : [`about ${formatDuration(ms)} ${colors.dim(`(${bases.length === 1 ? bases[0] : "mean of"} earlier units)`)}`]),
  ].join(" · ");
}
