import { randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sha256 } from "../../core/hash.ts";

interface Entry {
  /** What it is a digest for. */
  readonly name: string;
  /** What it was made from; with another key it is computed again. */
  readonly key: string;
}

/** Digests that are slow to compute, one file each, so that several processes can use and replace them concurrently. */
export class DigestCache {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  read({ name, key }: Entry): string | undefined {
    try {
      const [madeFrom, digest] = readFileSync(this.#pathOf(name), "utf8").split("\n");
      return madeFrom === key ? digest : undefined;
    } catch {
      return undefined;
    }
  }

  write({ name, key }: Entry, digest: string): void {
    const path = this.#pathOf(name);
    const unfinished = `${path}.${randomUUID()}`;
    try {
      mkdirSync(this.#folder, { recursive: true });
      writeFileSync(unfinished, `${key}\n${digest}`);
      renameSync(unfinished, path);
    } catch {
      // If the folder cannot be written, only time is lost.
      rmSync(unfinished, { force: true });
    }
  }

  #pathOf(name: string): string {
    return join(this.#folder, sha256(name));
  }
}
