import { expect, test } from "vitest";
import { playHistories } from "./play-histories.ts";
import { TestProcess } from "./test-process.ts";

const HISTORIES = Number(process.env["MILLRACE_HISTORIES"] ?? 60);

test(
  "whatever happened before, a delta run leaves the tables of a run from scratch, and then there is nothing to do",
  { timeout: 60_000 + HISTORIES * 10_000 },
  async () => {
    const { deaths, failed } = await playHistories({
      histories: HISTORIES,
      players: 3,
      startProcess: (options) => TestProcess.start(options),
      file: "test/properties/histories.test.ts",
    });
    expect(failed, failed.join("\n\n")).toEqual([]);
    if (HISTORIES >= 100) expect(deaths).toBeGreaterThan(HISTORIES / 10);
  },
);
