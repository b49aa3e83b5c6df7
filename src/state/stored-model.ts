import type { Database } from "../database/connect.ts";
import type { BoundSource } from "../sources/bound-source.ts";
import { storedFingerprintsSql, type StoredParts } from "./fingerprint.ts";
import { type WholeUnit, wholeUnitSql } from "./unit-state.ts";
import { Parameters } from "../database/sql-text.ts";
import { wholeDigestSql } from "../sources/row-digest.ts";

/** What is known of a model before it runs. */
export interface StoredModel {
  /** Fingerprints of its stored output, parts by hash. */
  readonly fingerprints: ReadonlyMap<string, StoredParts>;
  /** Digests of the given sources, by name. */
  readonly sideInputs: Readonly<Record<string, string>>;
  /** The one unit of a model that writes its whole table; undefined before the first success. */
  readonly whole: WholeUnit | undefined;
}

/** Reads it in one round trip: a model without work should cost next to nothing. */
export async function loadStoredModel(
  database: Database,
  { model, sideInputs }: { readonly model: string; readonly sideInputs: readonly BoundSource[] },
): Promise<StoredModel> {
  const parameters = new Parameters();
  const name = parameters.add(model);
  const digests = sideInputs.map((side) => `encode((${wholeDigestSql(side, parameters)}), 'hex')`);
  const system = database.systemSchema;
  const [row] = await database.query<{
    fingerprints: Record<string, StoredParts> | null;
    whole: WholeUnit | null;
    sideInputs: string[];
  }>(
    `select ${storedFingerprintsSql(system, name)} as fingerprints, ${wholeUnitSql(system, name)} as whole,
       array[${digests.join(", ")}]::text[] as "sideInputs"`,
    parameters.values,
  );
  return {
    fingerprints: new Map(Object.entries(row?.fingerprints ?? {})),
    sideInputs: Object.fromEntries(sideInputs.map((side, index) => [side.name, row?.sideInputs[index] ?? ""])),
    whole: row?.whole ?? undefined,
  };
}
