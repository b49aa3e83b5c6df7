import type { RunEvent } from "../../state/run-events.ts";
import type { Reporter } from "./reporter.ts";

/** One reporter that hands every event to each of these, in order. */
export function combineReporters(reporters: readonly Reporter[]): Reporter {
  return {
    onEvent(event: RunEvent) {
      for (const reporter of reporters) void reporter.onEvent(event);
    },
    async close() {
      for (const reporter of reporters) await reporter.close?.();
    },
  };
}
