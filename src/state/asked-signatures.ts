import type { DatabaseClient } from "../database/connect.ts";
import type { UnitStateKey } from "./unit-state.ts";

type FingerprintRef = Pick<UnitStateKey, "system" | "model" | "programHash">;

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

  async record(client: Pick<DatabaseClient, "query">, { system, model, programHash }: FingerprintRef): Promise<void> {
    const names = [...this.#names].filter((name) => !this.#recorded.has(name));
    if (names.length === 0) return;
    for (const name of names) this.#recorded.add(name);
    await client.query(
      `update ${system}.program set asked = (select array_agg(distinct name order by name) from unnest(asked || $3::text[]) name)
       where model = $1 and program_hash = $2 and asked is not null`,
      [model, programHash, names],
    );
  }
}

/** For output that is declared to be as good as today's: whoever made it asked what the model's programs asked. */
export async function inheritAsked(
  client: Pick<DatabaseClient, "query">,
  { system, model, programHash }: FingerprintRef,
): Promise<void> {
  await client.query(
    `update ${system}.program set asked = (
       select case when bool_and(asked is not null) then coalesce(array_agg(distinct name) filter (where name is not null), '{}') end
       from ${system}.program left join unnest(asked) name on true where model = $1)
     where model = $1 and program_hash = $2`,
    [model, programHash],
  );
}
