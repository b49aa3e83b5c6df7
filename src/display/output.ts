import picocolors from "picocolors";

/** Where a display writes: a terminal, a pipe, or a test. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
}

export type Environment = Readonly<Record<string, string | undefined>>;
export type Palette = ReturnType<typeof picocolors.createColors>;

/** Colours for one output: NO_COLOR and FORCE_COLOR decide, otherwise whether a terminal reads it. */
export function createPalette(output: Output, environment: Environment = process.env): Palette {
  return picocolors.createColors(usesColor(output, environment));
}

function usesColor(output: Output, environment: Environment): boolean {
  const { NO_COLOR: no, FORCE_COLOR: force, TERM: terminal } = environment;
  if (no !== undefined && no !== "") return false;
  if (force !== undefined) return force !== "0" && force !== "false";
  return output.isTTY === true && terminal !== "dumb";
}

/** Characters to a line; without a terminal nothing is cut, so that `grep` finds everything. */
export function widthOf(output: Output, environment: Environment = process.env): number {
  if (output.columns !== undefined && output.columns > 0) return output.columns;
  const stated = Number(environment["COLUMNS"]);
  return Number.isSafeInteger(stated) && stated > 0 ? stated : Number.POSITIVE_INFINITY;
}

/** True where lines can be drawn over: a terminal that a person watches. */
export function isLive(output: Output, environment: Environment = process.env): boolean {
  const isCi = environment["CI"] !== undefined && environment["CI"] !== "" && environment["CI"] !== "false";
  return output.isTTY === true && environment["TERM"] !== "dumb" && !isCi;
}
