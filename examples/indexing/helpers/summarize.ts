import { byCodePoint } from "./entity-key.ts";

/** The mean to three decimals; sorted before it is summed, because sums of fractions depend on their order. */
export function mean(values: readonly number[]): number {
  const sum = values.toSorted((a, b) => a - b).reduce((total, value) => total + value, 0);
  return values.length === 0 ? 0 : Math.round((sum / values.length) * 1_000) / 1_000;
}

/** The longest description, as the one that says most; among equals the first by code points. */
export function longestDescription(rows: readonly { readonly description: string | null }[]): string | null {
  const descriptions = rows.flatMap(({ description }) => (description === null ? [] : [description]));
  return descriptions.toSorted((a, b) => b.length - a.length || byCodePoint(a, b))[0] ?? null;
}
