import type { Database } from "../database/connect.ts";
import { CONFIG_SET, documentSet, listDocumentSets } from "./document-sets.ts";
import { type DocumentSync, inSyncTransaction, syncWithin } from "./sync-documents.ts";

/** Patterns that belong together: a sync of them removes documents of theirs only. */
export interface DocumentSet {
  readonly set: string;
  readonly patterns: readonly string[];
  /** Given another time: what they name may be gone by now. */
  readonly mayBeEmpty?: boolean;
}

/** What a project's documents are: those its config lists, and those that were added or given to a run before. */
export async function configuredSets(database: Database, patterns: readonly string[]): Promise<readonly DocumentSet[]> {
  const known = (await listDocumentSets(database)).filter(({ set }) => set !== CONFIG_SET);
  const earlier = known.map((set) => ({ ...set, mayBeEmpty: true }));
  return patterns.length === 0 ? earlier : [{ set: CONFIG_SET, patterns }, ...earlier];
}

/** Documents given to one run. */
export function runSet(patterns: readonly string[]): DocumentSet {
  return { set: documentSet(patterns, "run"), patterns };
}

/** Syncs one set after the other, in one transaction, and adds up what happened. */
export async function syncSets(options: {
  readonly database: Database;
  readonly directory: string;
  readonly sets: readonly DocumentSet[];
  readonly allowDeletes?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}): Promise<DocumentSync> {
  return inSyncTransaction(options.database, async (client) => {
    let total: DocumentSync = { added: 0, changed: 0, removed: 0, unchanged: 0, failed: [], warnings: [] };
    for (const set of options.sets) {
      const sync = await syncWithin(client, { ...options, ...set });
      total = {
        added: total.added + sync.added,
        changed: total.changed + sync.changed,
        removed: total.removed + sync.removed,
        unchanged: total.unchanged + sync.unchanged,
        failed: [...total.failed, ...sync.failed],
        warnings: [...total.warnings, ...sync.warnings],
      };
    }
    return total;
  });
}
