import { UsageError } from "../core/errors.ts";
import { quoteList } from "../core/text.ts";
import type { Database } from "../database/connect.ts";
import { CONFIG_SET, listDocumentSets } from "./document-sets.ts";
import { publicEntry } from "./record/public-url.ts";
import { inSyncTransaction } from "./sync-documents.ts";

/**
 * Forgets entries that were added, or given to a run: documents that no other entry lists are removed. Returns how many
 * that were. Entries of the config are not meant; they are removed there.
 */
export async function forgetEntries(database: Database, given: readonly string[]): Promise<number> {
  const entries = given.map(publicEntry);
  const sets = (await listDocumentSets(database)).filter(({ set }) => set !== CONFIG_SET);
  const unknown = entries.filter((entry) => sets.every(({ patterns }) => !patterns.includes(entry)));
  if (unknown.length > 0) {
    throw new UsageError("DOCUMENTS_NOT_ADDED", `Nothing was added as ${quoteList(unknown)}.`, {
      hint: "`millrace documents ls` shows what documents were added as. What millrace.config.ts lists is removed there.",
      details: { added: sets.flatMap(({ patterns }) => patterns) },
    });
  }
  return inSyncTransaction(database, async (client) => {
    // An exclusion alone lists nothing.
    const { rows } = await client.query<{ id: string; origins: readonly string[] }>(
      `with origin as (
         select id, origin, split_part(origin, ':', 1) as set, substr(origin, strpos(origin, ':') + 1) as entry
         from ${database.documents} cross join unnest(origins) origin
       ), judged as (
         select *, bool_or(entry <> all($1) and not starts_with(entry, '!')) over (partition by id, set) as is_listed
         from origin
       ), kept as (
         select id, array_agg(origin) filter (where set = $2 or (entry <> all($1) and is_listed)) as origins
         from judged group by id having bool_or(set <> $2 and entry = any($1))
       )
       update ${database.documents} d set origins = coalesce(kept.origins, '{}') from kept where kept.id = d.id
       returning d.id, d.origins`,
      [entries, CONFIG_SET],
    );
    const unlisted = rows.filter(({ origins }) => origins.length === 0).map(({ id }) => id);
    await client.query(`delete from ${database.documents} where id = any($1)`, [unlisted]);
    return unlisted.length;
  });
}
