import type { Database } from "../database/connect.ts";
import type { BoundSource } from "../sources/bound-source.ts";
import { storedFingerprintsSql, type StoredParts } from "./fingerprint.ts";
import { type WholeUnit, wholeUnitSql } from "./unit-state.ts";
import { Parameters } from "../database/sql-text.ts";
import { wholeDigestSql } from "../sources/row-digest.ts";

/** What is known of a model before it runs. */
export interface StoredModel {
  /** Programs that its stored output was made by. */
  readonly programs: ReadonlyMap<string, StoredParts>;
  /** Digests of the given sources, by name. */
  readonly sides: Readonly<Record<string, string>>;
  /** The one unit of a model that writes its whole table; undefined before the first success. */
  readonly whole: WholeUnit | undefined;
}

/** Reads it in one round trip: a model without work should cost next to nothing. */
export async function loadStoredModel(
  database: Database,
  { model, sides }: { readonly model: string; readonly sides: readonly BoundSource[] },
): Promise<StoredModel> {
  const parameters = new Parameters();
  const name = parameters.add(model);
  const digests = sides.map((side) => `encode((${wholeDigestSql(side, parameters)}), 'hex')`);
  const system = database.systemSchema;
  const [row] = await database.query<{
    programs: Record<string, StoredParts> | null;
    whole: WholeUnit | null;
    sides: string[];
  }>(
    `select ${storedFingerprintsSql(system, name)} as programs, ${wholeUnitSql(system, name)} as whole,
       array[${digests.join(", ")}]::text[] as sides`,
    parameters.values,
  );
  return {
    programs: new Map(Object.entries(row?.programs ?? {})),
    sides: Object.fromEntries(sides.map((side, index) => [side.name, row?.sides[index] ?? ""])),
    whole: row?.whole ?? undefined,
  };
}
