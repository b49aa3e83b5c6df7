import { Random } from "./random.ts";

export function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}

const Z_95 = 1.959964;

/**
 * The 95 % confidence interval (Wilson) of the true mean of scores from 0 to 1. It treats scores as being as
 * scattered as yes and no, so for other scores it is too wide rather than too narrow.
 */
export function confidenceInterval(scores: readonly number[]): readonly [number, number] {
  const count = scores.length;
  if (count === 0) return [0, 1];
  const center = mean(scores);
  const square = Z_95 ** 2;
  const middle = (center + square / (2 * count)) / (1 + square / count);
  const reach = (Z_95 / (1 + square / count)) * Math.sqrt((center * (1 - center)) / count + square / (4 * count ** 2));
  return [round(Math.max(0, middle - reach)), round(Math.min(1, middle + reach))];
}

const FLIPS = 9_999;

/**
 * How likely a gain as large as from `before` to `after` is when nothing got better: signs of the differences, example
 * by example, are tossed again and again.
 */
export function chanceOfGain(before: readonly number[], after: readonly number[]): number {
  const differences = after
    .map((score, index) => score - (before[index] ?? 0))
    .filter((difference) => difference !== 0);
  const gain = differences.reduce((sum, difference) => sum + difference, 0);
  const random = new Random(differences.length);
  let atLeast = 1;
  for (let flip = 0; flip < FLIPS; flip += 1) {
    const tossed = differences.reduce((sum, difference) => sum + (random.next() < 0.5 ? difference : -difference), 0);
    if (tossed >= gain - 1e-12) atLeast += 1;
  }
  return round(atLeast / (FLIPS + 1));
}

/** Four digits say all that so few examples can. */
export const round = (value: number): number => Math.round(value * 10_000) / 10_000;
