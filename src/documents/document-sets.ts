import { UsageError } from "../core/errors.ts";
import { sha256 } from "../core/hash.ts";
import type { Database } from "../database/connect.ts";

/** The set of documents that the project's config lists. */
export const CONFIG_SET = "config";

/** Where a set other than the config's comes from: `documents add`, or a run that was given its own documents. */
export type DocumentSetKind = "added" | "run";

/** Name of the set that some patterns make; the same patterns are the same set. */
export function documentSet(patterns: readonly string[], kind: DocumentSetKind = "added"): string {
  return `${kind}-${sha256(JSON.stringify(patterns.toSorted())).slice(0, 12)}`;
}

/** Sets that have documents, with their patterns: what was added once can be synced again. */
export async function listDocumentSets(database: Database): Promise<{ set: string; patterns: string[] }[]> {
  return database.query<{ set: string; patterns: string[] }>(
    `select split_part(origin, ':', 1) as set, array_agg(distinct substr(origin, strpos(origin, ':') + 1)) as patterns
     from ${database.documents} cross join unnest(origins) origin group by 1 order by 1`,
  );
}

export function checkSetName(set: string): string {
  if (/^[\w.-]+$/.test(set)) return set;
  throw new UsageError("DOCUMENTS_SET_INVALID", `"${set}" cannot be the name of a set of documents.`, {
    hint: "Use letters, digits, dots and dashes.",
  });
}
