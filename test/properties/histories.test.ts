import { expect, test } from "vitest";
import { createHistory } from "./create-history.ts";
import { DOCUMENT_IDS, HistoryPlayer } from "./history-player.ts";
import { historyText } from "./history-text.ts";

const SEED = process.env["MILLRACE_SEED"];
const HISTORIES = Number(process.env["MILLRACE_HISTORIES"] ?? 60);
const PLAYERS = 2;

test(
  "whatever happened before, a delta run leaves the tables of a run from scratch, and then there is nothing to do",
  { timeout: 60_000 + HISTORIES * 10_000 },
  async () => {
    const seeds = SEED === undefined ? Array.from({ length: HISTORIES }, (_, index) => index + 1) : [Number(SEED)];
    const failed: string[] = [];
    let deaths = 0;
    const work = async () => {
      await using player = await HistoryPlayer.open();
      for (let seed = seeds.shift(); seed !== undefined && failed.length === 0; seed = seeds.shift()) {
        const history = createHistory(seed, DOCUMENT_IDS);
        await player.play(history).catch((error: unknown) => {
          const replay = `MILLRACE_SEED=${seed} npx vitest run test/properties/histories.test.ts`;
          const problem =
            error instanceof Error ? (error.name === "PropertyError" ? error.message : error.stack) : error;
          failed.push(`${historyText(history)}\n\n${String(problem)}\n\nreplay: ${replay}`);
        });
      }
      deaths += player.deaths;
    };
    await Promise.all(Array.from({ length: PLAYERS }, work));
    expect(failed, failed.join("\n\n")).toEqual([]);
    if (SEED === undefined && HISTORIES >= 100) expect(deaths).toBeGreaterThan(HISTORIES / 10);
  },
);
