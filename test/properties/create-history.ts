import { Random } from "../support/random.ts";
import { changeModels, createModels } from "./create-models.ts";
import type { Failure, ModelSpec } from "./model-spec.ts";

export interface InputRow {
  readonly id: string;
  readonly grp: string | null;
  readonly documentId: string;
  readonly n: number;
  /** Two rows never have the same one at the same time. */
  readonly slot: string;
  readonly body: string;
}

/** One edit of what the models read. */
export type Edit =
  | { readonly put: InputRow }
  | { readonly remove: string }
  | { readonly write: number; readonly content: string }
  | { readonly unlink: number };

export type RunKind = "delta" | "full" | "limited" | "sample" | "retry" | "some" | "resume" | "none";

export interface PlannedRun {
  readonly kind: RunKind;
  /** Numbers of documents, of a limited run. */
  readonly documents: readonly number[];
  /** Numbers of models, of a run of some. */
  readonly models: readonly number[];
  readonly stopOnError: boolean;
  readonly crash: { readonly statement: number; readonly moment: "before" | "after" } | undefined;
}

/** What happens between two runs, and the second of them. */
export interface Step {
  readonly edits: readonly Edit[];
  readonly models: readonly ModelSpec[];
  /** The parameter `factor`, by the number of the model. */
  readonly factors: Readonly<Record<number, number>>;
  /** Tables that somebody drops. */
  readonly drops: readonly number[];
  readonly failures: readonly Failure[];
  readonly run: PlannedRun;
}

export interface History {
  readonly seed: number;
  readonly hasFiles: boolean;
  /** Models at work at the same time. */
  readonly width: number;
  readonly steps: readonly Step[];
  /** At the end: first the failed units, or first the changed ones. */
  readonly retriesFirst: boolean;
}

export const DOCUMENTS = 5;
export const documentPath = (index: number) => `docs/d${index}.md`;

export interface HistoryOptions {
  /** Share of the runs in which the process dies. */
  readonly deaths?: number;
}

/** A random graph and what happens to it; `documentIds` are those of the documents by number. */
export function createHistory(
  seed: number,
  documentIds: readonly string[],
  { deaths = 0.3 }: HistoryOptions = {},
): History {
  const random = new Random(seed);
  const hasFiles = random.chance(0.25);
  const input = new Input(random, documentIds);
  const files = new Set<number>();
  let models = createModels(random, hasFiles);
  let factors: Readonly<Record<number, number>> = {};
  const steps: Step[] = [];
  for (let rest = random.int(3, 8); rest > 0; rest -= 1) {
    const isFirst = steps.length === 0;
    const edits = input.edit(isFirst ? random.int(4, 10) : random.chance(0.8) ? random.int(1, 5) : 0);
    if (hasFiles) edits.push(...editFiles(random, files, isFirst));
    const before = models;
    if (!isFirst && random.chance(0.3)) models = changeModels(random, models);
    if (!isFirst && random.chance(0.15)) factors = { ...factors, [random.pick(models).index]: random.int(1, 3) };
    const drops = !isFirst && random.chance(0.06) ? [random.pick(models).index] : [];
    // A table with rows does not make room for a view by itself.
    drops.push(
      ...models
        .filter(({ form, index }) => form === "view" && before[index]?.form !== "view")
        .map(({ index }) => index),
    );
    const failures = random.chance(0.3) ? createFailures(random, models) : [];
    const run = createRun(random, { models, before: steps.at(-1), files: hasFiles ? [...files] : undefined, deaths });
    steps.push({ edits, models, factors, drops, failures, run });
  }
  return { seed, hasFiles, width: random.int(1, 2), steps, retriesFirst: random.chance(0.5) };
}

/** The rows of the plain table, as they will be. */
class Input {
  readonly #random: Random;
  readonly #documentIds: readonly string[];
  readonly #rows = new Map<string, InputRow>();

  constructor(random: Random, documentIds: readonly string[]) {
    this.#random = random;
    this.#documentIds = documentIds;
  }

  edit(times: number): Edit[] {
    const edits: Edit[] = [];
    for (let rest = times; rest > 0; rest -= 1) edits.push(...this.#editOnce());
    return edits;
  }

  #editOnce(): Edit[] {
    const random = this.#random;
    const rows = [...this.#rows.values()];
    if (rows.length < 3 || (rows.length < 14 && random.chance(0.3))) return this.#put(this.#newRow());
    const row = random.pick(rows);
    switch (random.weighted({ change: 4, remove: 2, rename: 2, regroup: 2, move: 2, swap: 2, touch: 1 })) {
      case "change":
        return this.#put({ ...row, ...this.#content() });
      case "remove":
        return this.#remove(row);
      case "rename":
        return [...this.#remove(row), ...this.#put({ ...row, id: this.#newId() })];
      case "regroup":
        return this.#put({ ...row, grp: this.#group() });
      case "move":
        return this.#put({ ...row, documentId: random.pick(this.#documentIds) });
      case "touch":
        return this.#put(row);
      default: {
        const other = random.pick(rows);
        if (other === row) return this.#put({ ...row, slot: this.#newSlot() });
        return [...this.#put({ ...row, slot: other.slot }), ...this.#put({ ...other, slot: row.slot })];
      }
    }
  }

  #put(row: InputRow): Edit[] {
    this.#rows.set(row.id, row);
    return [{ put: row }];
  }

  #remove({ id }: InputRow): Edit[] {
    this.#rows.delete(id);
    return [{ remove: id }];
  }

  #newRow(): InputRow {
    return {
      id: this.#newId(),
      slot: this.#newSlot(),
      grp: this.#group(),
      documentId: this.#random.pick(this.#documentIds),
      ...this.#content(),
    };
  }

  #content() {
    return { n: this.#random.int(0, 9), body: this.#random.pick(["alpha", "beta", "gamma", "it's", "", "zürich\n"]) };
  }

  #group(): string | null {
    return this.#random.pick(["g0", "g1", "g2", null]);
  }

  // Names come back: a row may return under the key of one that was deleted.
  #newId(): string {
    return this.#random.pick(names("r", 20).filter((name) => !this.#rows.has(name)));
  }

  #newSlot(): string {
    const taken = new Set([...this.#rows.values()].map(({ slot }) => slot));
    return this.#random.pick(names("s", 30).filter((name) => !taken.has(name)));
  }
}

const names = (prefix: string, count: number) => Array.from({ length: count }, (_, index) => `${prefix}${index}`);

function editFiles(random: Random, files: Set<number>, isFirst: boolean): Edit[] {
  const edits: Edit[] = [];
  for (let index = 0; index < DOCUMENTS; index += 1) {
    if (!random.chance(isFirst ? 0.8 : 0.2)) continue;
    if (files.has(index) && random.chance(0.3)) {
      files.delete(index);
      edits.push({ unlink: index });
    } else {
      files.add(index);
      edits.push({ write: index, content: "word ".repeat(random.int(1, 9)) + String(random.int(0, 3)) });
    }
  }
  return edits;
}

function createFailures(random: Random, models: readonly ModelSpec[]): readonly Failure[] {
  return random.some(models, 0.5).map(({ index }) => ({
    model: index,
    kind: random.pick(["throw", "row error", "retryable"]),
    share: random.pick([1, 2, 3, 3]),
    salt: random.int(0, 99),
  }));
}

function createRun(
  random: Random,
  given: {
    readonly models: readonly ModelSpec[];
    readonly before: Step | undefined;
    /** Documents that have a file; undefined when all documents are there. */
    readonly files: readonly number[] | undefined;
    readonly deaths: number;
  },
): PlannedRun {
  const { models, before, files, deaths } = given;
  const known = files ?? names("", DOCUMENTS).map(Number);
  const resume = before === undefined ? 0 : before.run.crash !== undefined ? 8 : before.failures.length > 0 ? 2 : 0;
  const limited = before === undefined || known.length === 0 ? 0 : 4;
  const kind = random.weighted({ delta: 10, full: 2, limited, sample: 1, retry: 1, some: 2, resume, none: 1 });
  const crash = random.chance(deaths)
    ? { statement: random.int(1, 25 * models.length), moment: random.pick(["before", "after"] as const) }
    : undefined;
  return {
    kind,
    documents: kind === "limited" ? atLeastOne(random, known) : [],
    models:
      kind === "some"
        ? atLeastOne(
            random,
            models.map(({ index }) => index),
          )
        : [],
    stopOnError: random.chance(0.5),
    crash: kind === "none" ? undefined : crash,
  };
}

function atLeastOne<Item>(random: Random, items: readonly Item[]): readonly Item[] {
  const some = random.some(items, 0.4);
  return some.length > 0 ? some : [random.pick(items)];
}
