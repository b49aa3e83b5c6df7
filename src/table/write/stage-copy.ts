import { CopyIn, type CopyTarget } from "../../database/copy-in.ts";
import type { Database, DatabaseClient } from "../../database/connect.ts";
import { LinePacker } from "../../database/line-packer.ts";

const MAX_WAITING = 4;
// Opening a COPY costs some milliseconds; a model that pauses for longer than this must hold no connection.
const LINGER_MS = 50;

export interface StageCopyOptions {
  readonly database: Database;
  readonly target: CopyTarget;
  /** Makes the stage; called once, before the first line goes. */
  readonly create: (client: DatabaseClient) => Promise<void>;
}

/** Copies lines into a stage while more are being made: one `COPY` lasts as long as lines keep coming. */
export class StageCopy {
  readonly #options: StageCopyOptions;
  readonly #packer = new LinePacker();
  readonly #waiting: Buffer[] = [];
  readonly #arrival = new Signal();
  readonly #departure = new Signal();
  #carrying: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;
  #hasStage = false;
  #isFinishing = false;

  constructor(options: StageCopyOptions) {
    this.#options = options;
  }

  /** False while no line has reached the database. */
  get hasStage(): boolean {
    return this.#hasStage;
  }

  /** True when nothing should be added before `makeRoom`. */
  get isFull(): boolean {
    return this.#waiting.length >= MAX_WAITING;
  }

  add(line: string): void {
    this.#send(this.#packer.add(line));
  }

  /** Resolves when there is room; throws what has befallen the lines before. */
  async makeRoom(): Promise<void> {
    while (this.isFull) await this.#departure.next();
    this.#throwFailure();
  }

  /** Resolves when every line is in the stage. */
  async finish(): Promise<void> {
    this.#isFinishing = true;
    this.#send(this.#packer.take());
    this.#arrival.give();
    await this.#carrying;
    this.#throwFailure();
  }

  /** Drops what waits, and resolves when nothing is on its way any more. */
  async abort(error: unknown): Promise<void> {
    this.#failure ??= { error };
    this.#isFinishing = true;
    this.#waiting.length = 0;
    this.#arrival.give();
    this.#departure.give();
    await this.#carrying;
  }

  #send(message: Buffer | undefined): void {
    if (message === undefined || this.#failure !== undefined) return;
    this.#waiting.push(message);
    this.#arrival.give();
    this.#carrying ??= this.#carryAll();
  }

  async #carryAll(): Promise<void> {
    try {
      while (this.#waiting.length > 0) await this.#carry();
    } catch (error) {
      this.#failure = { error };
      this.#waiting.length = 0;
    } finally {
      this.#carrying = undefined;
      this.#departure.give();
    }
  }

  async #carry(): Promise<void> {
    const { database, target, create } = this.#options;
    const client = await database.connect();
    try {
      if (!this.#hasStage) await create(client);
      this.#hasStage = true;
      const copy = await CopyIn.open(client, target);
      for (;;) {
        const message = await this.#next();
        if (message === undefined || copy.hasEnded) break;
        await copy.send(message, () => this.#packer.recycle(message));
      }
      await copy.finish();
    } finally {
      client.release();
    }
  }

  async #next(): Promise<Buffer | undefined> {
    if (this.#waiting.length === 0 && !this.#isFinishing) await this.#arrival.next(LINGER_MS);
    const message = this.#waiting.shift();
    this.#departure.give();
    return message;
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}

/** Wakes everyone waiting for the next event. */
class Signal {
  readonly #waiting = new Set<() => void>();

  next(mostMs?: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = mostMs === undefined ? undefined : setTimeout(() => wake(), mostMs);
      const wake = () => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        resolve();
      };
      this.#waiting.add(wake);
    });
  }

  give(): void {
    for (const wake of this.#waiting) wake();
  }
}
