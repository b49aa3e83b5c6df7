import { expect, test } from "vitest";
import { migrateEngine } from "../../src/run/dbos-engine.ts";
import { bundleChild } from "./bundle-child.ts";
import { KilledProcess } from "./killed-process.ts";
import { playHistories } from "./play-histories.ts";

// Each takes seconds: MILLRACE_KILLED_HISTORIES=30.
const HISTORIES = Number(process.env["MILLRACE_KILLED_HISTORIES"] ?? 4);

test(
  "wherever a process is killed, another goes on, and the tables are those of a run from scratch",
  { timeout: 60_000 + HISTORIES * 60_000 },
  async () => {
    await using child = await bundleChild();
    const { deaths, failed } = await playHistories({
      histories: HISTORIES,
      players: 1,
      startProcess: (options) => KilledProcess.start(child.path, options),
      prepare: migrateEngine,
      history: { deaths: 0.7 },
      file: "test/properties/killed-histories.test.ts",
    });
    console.log(`processes killed: ${deaths}`);
    expect(failed, failed.join("\n\n")).toEqual([]);
    if (process.env["MILLRACE_SEED"] === undefined) expect(deaths).toBeGreaterThanOrEqual(HISTORIES);
  },
);
