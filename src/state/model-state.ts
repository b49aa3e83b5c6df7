import type { Database } from "../database/connect.ts";
import type { BoundSource } from "../sources/bind-source.ts";
import type { StoredParts } from "./fingerprint.ts";
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

export interface WholeUnit {
  readonly programHash: string;
  readonly status: string;
  readonly runId: string;
}

/** Key of the one unit of a model that has no `forEach`. */
export const WHOLE_KEY = "";

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
    `select (select jsonb_object_agg(program_hash, parts || jsonb_build_object('asked', asked)) from ${system}.program where model = ${name}) as programs,
       (select jsonb_build_object('programHash', program_hash, 'status', status, 'runId', run_id)
        from ${system}.unit_state where model = ${name} and source_key = '${WHOLE_KEY}') as whole,
       array[${digests.join(", ")}]::text[] as sides`,
    parameters.values,
  );
  return {
    programs: new Map(Object.entries(row?.programs ?? {})),
    sides: Object.fromEntries(sides.map((side, index) => [side.name, row?.sides[index] ?? ""])),
    whole: row?.whole ?? undefined,
  };
}
