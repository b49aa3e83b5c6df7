import { relative } from "node:path";
import type { ErrorJson } from "../core/errors.ts";
import { plural } from "../core/text.ts";
import { escapeControls, proseWidth, wrapText } from "./fit-text.ts";
import type { Palette } from "./output.ts";
import type { UnitFailures } from "./run-state.ts";
import { type Suggest, suggestPlainly, withSuggestions } from "./suggest.ts";

export interface FailureOptions {
  readonly colors: Palette;
  readonly width: number;
  /** Also where in the model's code it was thrown. */
  readonly isVerbose?: boolean | undefined;
  readonly command?: Suggest | undefined;
}

/** What failed, and for which units. */
export interface Failure extends Partial<Pick<UnitFailures, "units" | "count" | "others">> {
  readonly model: string;
  readonly error: ErrorJson;
}

/** One error: where, its code, what, and the next step. */
export function renderFailure(
  { model, error, units, count, others = 0 }: Failure,
  { colors, width, isVerbose = false, command = suggestPlainly }: FailureOptions,
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
