import { MillraceError } from "../core/errors.ts";
import { plural } from "../core/text.ts";
import type { DatabaseClient } from "../database/connect.ts";

/** Fewer than this may vanish from a source at once without a question. */
const ALWAYS_ALLOWED = 3;

export interface VanishedOptions {
  readonly documents: string;
  /** Prefix of the set's origins. */
  readonly set: string;
  /** Files of which not all could be read, folders that could not be listed: nothing of theirs is removed. */
  readonly incompletePaths: readonly string[];
  readonly incompleteFolders: readonly string[];
  readonly allowDeletes: boolean;
}

/** Removes what the set had and no longer lists, unless so much is gone that a missing folder is likelier. */
export async function removeVanished(client: DatabaseClient, options: VanishedOptions): Promise<number> {
  const { documents, set } = options;
  const folders = options.incompleteFolders.map((folder) => (folder === "" ? "" : `${folder}/`));
  await client.query("create temp table document_vanished (id text primary key) on commit drop");
  await client.query(
    `insert into document_vanished
     select d.id from ${documents} d
     where exists (select from unnest(d.origins) origin where starts_with(origin, $1))
       and not exists (select from document_stage s where s.id = d.id)
       and (d.path is null or not (d.path = any($2) or exists (select from unnest($3::text[]) folder where starts_with(d.path, folder))))`,
    [set, options.incompletePaths, folders],
  );
  if (!options.allowDeletes) await refuseLargeLoss(client, options);
  const deleted = await client.query(
    `delete from ${documents} d using document_vanished v
     where v.id = d.id and not exists (select from unnest(d.origins) origin where not starts_with(origin, $1))`,
    [set],
  );
  await client.query(
    `update ${documents} d
     set origins = array(select origin from unnest(d.origins) origin where not starts_with(origin, $1))
     from document_vanished v where v.id = d.id`,
    [set],
  );
  return deleted.rowCount ?? 0;
}

async function refuseLargeLoss(client: DatabaseClient, { documents, set }: VanishedOptions): Promise<void> {
  const { rows } = await client.query<{ entry: string; total: number; vanished: number }>(
    `select substr(origin, length($1) + 1) as entry, count(*)::int as total, count(v.id)::int as vanished
     from ${documents} d cross join unnest(d.origins) origin left join document_vanished v using (id)
     where starts_with(origin, $1) and not starts_with(origin, $1 || '!') group by 1 order by 1`,
    [set],
  );
  const lost = rows.filter(({ total, vanished }) => vanished > ALWAYS_ALLOWED && vanished > total / 2);
  if (lost.length === 0) return;
  const counts = lost.map(
    ({ entry, total, vanished }) => `${vanished} of ${plural(total, "document")} from "${entry}"`,
  );
  throw new MillraceError("DOCUMENTS_VANISHED", `${counts.join(", ")} would be removed. Nothing was changed.`, {
    hint: "If a folder is missing or not mounted, bring it back. If they were removed on purpose, run again with --allow-deletes.",
    details: { sources: lost },
  });
}
