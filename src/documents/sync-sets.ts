import type { Database } from "../database/connect.ts";
import { CONFIG_SET, documentSet, listDocumentSets } from "./document-sets.ts";
import { type DocumentSync, syncDocuments } from "./sync-documents.ts";

/** Patterns that belong together: a sync of them removes documents of theirs only. */
export interface DocumentSet {
  readonly set: string;
  readonly patterns: readonly string[];
}

/** What a project's documents are: those its config lists and those that were added by hand. */
export async function configuredSets(database: Database, patterns: readonly string[]): Promise<readonly DocumentSet[]> {
  const added = (await listDocumentSets(database)).filter(({ set }) => set.startsWith("added-"));
  return patterns.length === 0 ? added : [{ set: CONFIG_SET, patterns }, ...added];
}

/** Documents given to one run. */
export function runSet(patterns: readonly string[]): DocumentSet {
  return { set: documentSet(patterns, "run"), patterns };
}

/** Syncs one set after the other and adds up what happened. */
export async function syncSets(options: {
  readonly database: Database;
  readonly directory: string;
  readonly sets: readonly DocumentSet[];
  readonly allowDeletes?: boolean | undefined;
}): Promise<DocumentSync> {
  let total: DocumentSync = { added: 0, changed: 0, removed: 0, unchanged: 0, failed: [], warnings: [] };
  for (const { set, patterns } of options.sets) {
    const sync = await syncDocuments({ ...options, set, patterns });
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
}
