import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { Budget } from "../../../src/llm/calls/budget.ts";

const signal = new AbortController().signal;

test("a reservation that does not fit waits for calls in flight, and is refused when none is left", async () => {
  const budget = new Budget(1);
  expect(await budget.reserve(0.8, signal)).toBe(true);
  const second = budget.reserve(0.8, signal);
  expect(await Promise.race([second, sleep(10, "waits")])).toBe("waits");
  budget.settle(0.8, 0.1);
  expect(await second).toBe(true);
  const third = budget.reserve(0.8, signal);
  budget.settle(0.8, 0.5);
  expect(await third).toBe(false);
  expect(budget.spentUsd).toBeCloseTo(0.6, 12);
  expect(await budget.reserve(0.3, signal)).toBe(true);
});

test("waiting ends when the signal fires, and takes nothing", async () => {
  const budget = new Budget(1);
  await budget.reserve(1, signal);
  const stop = new AbortController();
  const waiting = budget.reserve(0.5, stop.signal);
  stop.abort(new Error("stopped"));
  await expect(waiting).rejects.toMatchObject({ kind: "aborted" });
  await expect(budget.reserve(0, stop.signal)).rejects.toMatchObject({ kind: "aborted" });
  budget.settle(1, 0);
  expect(await budget.reserve(1, signal)).toBe(true);
});

test("many can wait on one signal without a warning of a leak", async () => {
  const warnings: Error[] = [];
  const onWarning = (warning: Error) => warnings.push(warning);
  process.on("warning", onWarning);
  const stop = new AbortController();
  const budget = new Budget(1);
  await budget.reserve(1, signal);
  const waiting = Array.from({ length: 100 }, () => budget.reserve(0.5, stop.signal));
  stop.abort(new Error("stopped"));
  const settled = await Promise.allSettled(waiting);
  await sleep(1);
  process.off("warning", onWarning);
  expect(settled.every(({ status }) => status === "rejected")).toBe(true);
  expect(warnings).toEqual([]);
});

test("what was spent before counts, and every settlement is told", async () => {
  const told: number[] = [];
  const budget = new Budget(1, { spentUsd: 0.75, onSettle: (spentUsd) => told.push(spentUsd) });
  expect(await budget.reserve(0.5, signal)).toBe(false);
  expect(await budget.reserve(0.25, signal)).toBe(true);
  budget.settle(0.25, 0.125);
  expect(told).toEqual([0.875]);
});

test("a sum of fractions fits into the budget that it adds up to", async () => {
  const budget = new Budget(0.3);
  expect(await budget.reserve(0.1, signal)).toBe(true);
  expect(await budget.reserve(0.2, signal)).toBe(true);
});

test("a budget of a hundred mean calls is used to nine tenths and never exceeded", async () => {
  const budget = new Budget(100);
  let mostUsd = 0;
  let refused = 0;
  // Calls cost 0.5 to 1.5 and reserve three times the mean.
  const worker = async (seed: number) => {
    for (let step = 0; step < 100 && refused === 0; step += 1) {
      if (!(await budget.reserve(3, signal))) {
        refused += 1;
        return;
      }
      await sleep(1);
      budget.settle(3, 0.5 + ((seed * 37 + step * 17) % 101) / 100);
      mostUsd = Math.max(mostUsd, budget.spentUsd);
    }
  };
  await Promise.all(Array.from({ length: 20 }, (_, seed) => worker(seed)));
  expect(refused).toBeGreaterThan(0);
  expect(mostUsd).toBeLessThanOrEqual(100);
  expect(budget.spentUsd).toBeGreaterThanOrEqual(90);
});
