import { monitorEventLoopDelay } from "node:perf_hooks";

export interface Sample {
  readonly ms: number;
  /** Longest time the event loop was blocked. */
  readonly blockMs: number;
}

export async function measure(work: () => Promise<unknown>): Promise<Sample> {
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  const started = performance.now();
  await work();
  const ms = performance.now() - started;
  delay.disable();
  return { ms, blockMs: delay.max / 1e6 };
}

export const median = (values: readonly number[]): number => quantile(values, 1 / 2);
export const lowerQuartile = (values: readonly number[]): number => quantile(values, 1 / 4);

function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length * part)] ?? Number.NaN;
}

/** The names in an order of their own for each round, so that no one always runs after the same one. */
export function rotated<Value>(values: readonly Value[], round: number): readonly Value[] {
  const start = round % values.length;
  return [...values.slice(start), ...values.slice(0, start)];
}

export function printTable(title: string, header: readonly string[], rows: readonly (readonly string[])[]): void {
  console.log(`\n### ${title}\n`);
  console.log(`| ${header.join(" | ")} |`);
  console.log(`| ${header.map((_, index) => (index === 0 ? "---" : "--:")).join(" | ")} |`);
  for (const row of rows) console.log(`| ${row.join(" | ")} |`);
}
