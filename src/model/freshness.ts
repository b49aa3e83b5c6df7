/** `30m`, `12h`, `2d`: minutes, hours or days. */
export type FreshnessAge = `${number}${"m" | "h" | "d"}`;

/** How old the newest row of a source may be. */
export interface FreshnessSpec {
  /** Column that says when a row was loaded. */
  readonly loadedAtField: string;
  readonly warnAfter?: FreshnessAge;
  readonly errorAfter?: FreshnessAge;
}

export interface FreshnessThreshold {
  readonly count: number;
  readonly period: "minute" | "hour" | "day";
}

const PERIODS = { m: "minute", h: "hour", d: "day" } as const;
const PERIOD_MS = { minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const;

/** The parts of an age; undefined for an invalid one. */
export function parseAge(age: string): FreshnessThreshold | undefined {
  const [, count, unit] = /^(\d+(?:\.\d+)?)([mhd])$/.exec(age) ?? [];
  return count === undefined ? undefined : { count: Number(count), period: PERIODS[unit as keyof typeof PERIODS] };
}

export function ageMs({ count, period }: FreshnessThreshold): number {
  return count * PERIOD_MS[period];
}
