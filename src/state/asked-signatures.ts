import type { DatabaseClient } from "../database/connect.ts";
import { addAsked } from "./fingerprint.ts";
import type { UnitStateKey } from "./unit-state.ts";

/**
 * Signatures that a model has asked: when the tuned prompt of one of them changes, its output is out of date. They are
 * stored in the very transaction that stores the output.
 */
export class AskedSignatures {
  readonly #names = new Set<string>();
  readonly #recorded = new Set<string>();

  add(signature: string): void {
    this.#names.add(signature);
  }

  async record(
    client: Pick<DatabaseClient, "query">,
    output: Pick<UnitStateKey, "system" | "model" | "fingerprintHash">,
  ): Promise<void> {
    const names = [...this.#names].filter((name) => !this.#recorded.has(name));
    if (names.length === 0) return;
    for (const name of names) this.#recorded.add(name);
    await addAsked(client, output, names);
  }
}
