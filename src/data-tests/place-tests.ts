import type { Graph } from "../graph/build-graph.ts";
import type { ResolvedTest } from "./resolve-test.ts";

export interface TestPlan {
  /** The tests that run when a model is done: its own, and those that have to wait for it. */
  readonly tests: ReadonlyMap<string, readonly ResolvedTest[]>;
  /** Models that a model waits for only because of tests, whatever their outcome. */
  readonly after: ReadonlyMap<string, readonly string[]>;
}

/**
 * Says when in a build each test runs: right after its model, when the other models that it reads are done by then or
 * can be waited for; otherwise after the one of them that is done last.
 */
export function placeTests(tests: readonly ResolvedTest[], graph: Graph): TestPlan {
  const waits = new Map([...graph].map(([name, { upstreams }]) => [name, new Set(upstreams)]));
  const after = new Map<string, string[]>();
  const placed = new Map<string, ResolvedTest[]>();
  for (const test of tests) {
    const reads = [...test.reads.values()].flatMap(({ model }) => model ?? []);
    const involved = [...new Set([test.model.name, ...reads])].filter((name) => graph.has(name));
    const last = involved.find((name) => involved.every((other) => other === name || !waitsFor(waits, other, name)));
    if (last === undefined) continue;
    for (const other of involved) {
      if (other === last || waitsFor(waits, last, other)) continue;
      waits.get(last)?.add(other);
      after.set(last, [...(after.get(last) ?? []), other]);
    }
    placed.set(last, [...(placed.get(last) ?? []), test]);
  }
  return { tests: placed, after };
}

function waitsFor(waits: ReadonlyMap<string, ReadonlySet<string>>, model: string, other: string): boolean {
  const seen = new Set<string>();
  const visit = (name: string): boolean => {
    if (seen.has(name)) return false;
    seen.add(name);
    return [...(waits.get(name) ?? [])].some((upstream) => upstream === other || visit(upstream));
  };
  return visit(model);
}
