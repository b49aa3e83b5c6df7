import { setTimeout as sleep } from "node:timers/promises";
import { storableJson } from "../core/json.ts";
import type { Database } from "../database/connect.ts";
import type { RunEvent, RunEventInput, RunEventListener } from "./run-events.ts";

const FLUSH_MS = 200;
const MAX_PENDING = 200;

/**
 * Takes the events of a run: hands each to the listener at once and stores them in small batches, so that another
 * process can follow and the history outlives this one. Of a burst of progress only the last word is stored.
 */
export class EventLog {
  readonly #database: Database;
  readonly #runId: string;
  readonly #listener: RunEventListener | undefined;
  #pending: RunEvent[] = [];
  #timer: NodeJS.Timeout | undefined;
  #storing: Promise<void> = Promise.resolve();
  #isOpen = false;

  constructor(options: {
    readonly database: Database;
    readonly runId: string;
    readonly listener: RunEventListener | undefined;
  }) {
    this.#database = options.database;
    this.#runId = options.runId;
    this.#listener = options.listener;
  }

  /** The run is in the database now: what has happened so far and from here on is stored. */
  open(): void {
    this.#isOpen = true;
    void this.flush();
  }

  readonly emit = (input: RunEventInput): void => {
    const event: RunEvent = { at: new Date().toISOString(), ...input };
    this.#listener?.(event);
    const last = this.#pending.at(-1);
    if (last?.type === "model_progress" && event.type === "model_progress" && last.model === event.model)
      this.#pending.pop();
    this.#pending.push(event);
    if (this.#pending.length >= MAX_PENDING) void this.flush();
    else this.#timer ??= setTimeout(() => void this.flush(), FLUSH_MS);
  };

  /** Stores what is pending. A lost connection drops events, never rows: the run itself decides what that means. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!this.#isOpen) return this.#storing;
    const events = this.#pending;
    this.#pending = [];
    if (events.length > 0) this.#storing = this.#storing.then(() => this.#store(events));
    return this.#storing;
  }

  async #store(events: readonly RunEvent[]): Promise<void> {
    try {
      await this.#database.query(
        `insert into ${this.#database.systemSchema}.run_event (run_id, event) select $1, value from jsonb_array_elements($2::jsonb) as value`,
        [this.#runId, storableJson(events)],
      );
    } catch (error) {
      this.#listener?.({
        at: new Date().toISOString(),
        type: "warning",
        message: `${events.length} events could not be stored: ${error instanceof Error ? error.message : String(error)}`,
      });
    }
  }
}

/** SQL of when a run was last heard of; null without any event. `run` is SQL. */
export const lastEventAtSql = (system: string, run: string): string =>
  `(select (event ->> 'at')::timestamptz from ${system}.run_event e where e.run_id = ${run} order by id desc limit 1)`;

/** Reads a run's stored events; with `follow` it goes on until the run has ended. */
export async function* readEvents(options: {
  readonly database: Database;
  readonly runId: string;
  readonly follow?: boolean;
  readonly isOver: () => Promise<boolean>;
  readonly signal?: AbortSignal | undefined;
}): AsyncGenerator<RunEvent> {
  const { database, runId } = options;
  let last = "0";
  for (;;) {
    const isOver = options.follow !== true || (await options.isOver());
    const rows = await database.query<{ id: string; event: RunEvent }>(
      `select id, event from ${database.systemSchema}.run_event where run_id = $1 and id > $2 order by id limit 1000`,
      [runId, last],
    );
    for (const row of rows) yield row.event;
    last = rows.at(-1)?.id ?? last;
    if (rows.length === 0 && isOver) return;
    if (rows.length === 0)
      await sleep(FLUSH_MS, undefined, options.signal === undefined ? {} : { signal: options.signal });
  }
}
