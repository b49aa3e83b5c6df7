import { describeModel, paintStatus, shareDone, statusGlyph } from "./describe-model.ts";
import { cutName, fitParts, padText, textWidth } from "./fit-text.ts";
import { layoutTree, type TreeLine } from "./layout-tree.ts";
import type { Palette } from "./output.ts";
import { hasEnded, type ModelProgress, type RunState } from "./run-state.ts";

export interface TreeOptions {
  readonly colors: Palette;
  readonly width: number;
  readonly now: number;
  /** Most lines there is room for; undefined shows every model. */
  readonly height?: number | undefined;
  /** Which picture of the spinner. */
  readonly frame?: number | undefined;
}

const SPINNER = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const NARROW = 60;

/** Every model on a line of its own, below the model it reads. */
export function renderTree(state: RunState, options: TreeOptions): readonly string[] {
  const layout = withinWidth(layoutTree([...state.models.values()].map(({ summary }) => summary)), options.width);
  const longest = Math.max(0, ...layout.map((line) => textWidth(line.prefix) + textWidth(line.name)));
  const share = options.width < NARROW ? 0.55 : 0.5;
  const nameWidth = Math.min(longest, Math.max(8, Math.floor((options.width - 4) * share)));
  const { shown, hidden } = withinHeight(layout, state, options.height);
  const lines = shown.flatMap((line) => {
    const model = state.models.get(line.name);
    return model === undefined ? [] : [renderLine(line, model, { ...options, nameWidth })];
  });
  return hidden.length === 0 ? lines : [...lines, options.colors.dim(fitParts(hidden, options.width - 1)[0] ?? "")];
}

// Connectors get at most a quarter of a wide line; beyond that, names matter more.
function withinWidth(layout: readonly TreeLine[], width: number): readonly TreeLine[] {
  const deepest = Math.max(0, ...layout.map((line) => textWidth(line.prefix)));
  return width >= NARROW && deepest <= width / 4 ? layout : layout.map((line) => ({ ...line, prefix: "" }));
}

/** Lines for a terminal that is too low: what is at work first, then what has just ended or comes next. */
function withinHeight(layout: readonly TreeLine[], state: RunState, height = Number.POSITIVE_INFINITY) {
  if (layout.length <= height) return { shown: layout, hidden: [] };
  const room = Math.max(1, height - 1);
  const statusOf = (line: TreeLine) => state.models.get(line.name);
  const isBusy = (line: TreeLine) => !["pending", "succeeded", "skipped"].includes(statusOf(line)?.status ?? "pending");
  const chosen = new Set(layout.filter(isBusy).slice(0, room));
  const firstBusy = Math.max(
    0,
    layout.findIndex((line) => chosen.has(line)),
  );
  for (const line of layout.slice(firstBusy)) if (chosen.size < room) chosen.add(line);
  for (const line of layout.toReversed()) if (chosen.size < room) chosen.add(line);
  const rest = layout.filter((line) => !chosen.has(line)).map(statusOf);
  const done = rest.filter((model) => model !== undefined && hasEnded(model)).length;
  const counts = [done === 0 ? "" : `${done} done`, done === rest.length ? "" : `${rest.length - done} to come`].filter(
    (text) => text !== "",
  );
  return { shown: layout.filter((line) => chosen.has(line)), hidden: [`… ${counts.join(", ")}`] };
}

function renderLine(
  line: TreeLine,
  model: ModelProgress,
  options: TreeOptions & { readonly nameWidth: number },
): string {
  const { colors, width, now, nameWidth } = options;
  const glyph =
    model.status === "running" && options.frame !== undefined
      ? (SPINNER[options.frame % SPINNER.length] ?? "●")
      : statusGlyph(model.status);
  const nameRoom = Math.max(4, nameWidth - textWidth(line.prefix));
  const name = padText(cutName(line.name, nameRoom), nameRoom);
  const isQuiet = model.status === "pending" || model.status === "skipped" || model.isFromBefore;
  const head = `${colors.dim(line.prefix)}${paintStatus(model.status, glyph, colors)} ${isQuiet ? colors.dim(name) : name}`;
  const share = model.status === "running" && width >= NARROW ? shareDone(model) : undefined;
  const bar = share === undefined ? "" : `${renderBar(share, width >= 100 ? 20 : 12, colors)} `;
  // The last column stays free: a terminal that is written up to its edge may wrap.
  const room = width - 1 - textWidth(line.prefix) - 2 - nameRoom - 2 - textWidth(bar);
  const parts = room < 1 ? [] : fitParts(describeModel(model, now), room);
  const isFinished = model.status === "succeeded" || model.status === "partial";
  const details = parts
    .map((part, index) => paintDetail(part, { isFirst: index === 0, isFinished, model, colors }))
    .join(colors.dim(" · "));
  return `${head}  ${bar}${details}`.trimEnd();
}

function paintDetail(
  part: string,
  {
    isFirst,
    isFinished,
    model,
    colors,
  }: {
    readonly isFirst: boolean;
    readonly isFinished: boolean;
    readonly model: ModelProgress;
    readonly colors: Palette;
  },
): string {
  if (model.status === "failed") return isFirst ? colors.red(part) : part;
  if (part.endsWith(" failed")) return colors.red(part);
  if (isFinished && isFirst && part !== "up to date" && !model.isFromBefore) return part;
  return model.status === "running" && isFirst ? part : colors.dim(part);
}

function renderBar(share: number, cells: number, colors: Palette): string {
  const filled = Math.round(share * cells);
  return colors.cyan("█".repeat(filled)) + colors.dim("░".repeat(cells - filled));
}
