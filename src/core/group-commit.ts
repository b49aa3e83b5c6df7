interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Does the work of many callers together: what is added while one round is under way goes into the next. Nothing waits
 * for a timer, so a single caller is served at once and a crowd in few rounds.
 */
export class GroupCommit<Item, Result = void> {
  readonly #commit: (items: readonly Item[]) => Promise<readonly Result[]>;
  readonly #maxItems: number;
  #waiting: Waiting<Item, Result>[] = [];
  #isRunning = false;

  /** `commit` returns one result an item, in their order. When it rejects, every item of its round does. */
  constructor(commit: (items: readonly Item[]) => Promise<readonly Result[]>, maxItems = 500) {
    this.#commit = commit;
    this.#maxItems = maxItems;
  }

  add(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      if (this.#isRunning) return;
      this.#isRunning = true;
      // Others of the same turn of the event loop come along.
      setImmediate(() => void this.#run());
    });
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const round = this.#waiting.splice(0, this.#maxItems);
      try {
        const results = await this.#commit(round.map(({ item }) => item));
        for (const [index, { resolve }] of round.entries()) resolve(results[index] as Result);
      } catch (error) {
        for (const { reject } of round) reject(error);
      }
    }
    this.#isRunning = false;
  }
}
