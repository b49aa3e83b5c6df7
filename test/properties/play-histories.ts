import { createHistory, type HistoryOptions } from "./create-history.ts";
import { DOCUMENT_IDS, HistoryPlayer, type PlayerOptions } from "./history-player.ts";
import { historyText } from "./history-text.ts";

export interface PlayedHistories {
  readonly deaths: number;
  /** The first history that a property does not hold for, and how to play it again. */
  readonly failed: readonly string[];
}

/** Plays histories of the seeds from 1 on, or of the one in `MILLRACE_SEED`, until one fails. */
export async function playHistories(
  given: PlayerOptions & {
    readonly histories: number;
    readonly players: number;
    readonly history?: HistoryOptions;
    /** The test file, to be named to whoever plays a history again. */
    readonly file: string;
  },
): Promise<PlayedHistories> {
  const seed = process.env["MILLRACE_SEED"];
  const seeds = seed === undefined ? Array.from({ length: given.histories }, (_, index) => index + 1) : [Number(seed)];
  const failed: string[] = [];
  let deaths = 0;
  const work = async () => {
    await using player = await HistoryPlayer.open(given);
    for (let seed = seeds.shift(); seed !== undefined && failed.length === 0; seed = seeds.shift()) {
      const history = createHistory(seed, DOCUMENT_IDS, given.history);
      await player.play(history).catch((error: unknown) => {
        const replay = `MILLRACE_SEED=${seed} npx vitest run ${given.file}`;
        const problem = error instanceof Error ? (error.name === "PropertyError" ? error.message : error.stack) : error;
        failed.push(`${historyText(history)}\n\n${String(problem)}\n\nreplay: ${replay}`);
      });
    }
    deaths += player.deaths;
  };
  await Promise.all(Array.from({ length: Math.min(given.players, seeds.length) }, work));
  return { deaths, failed };
}
