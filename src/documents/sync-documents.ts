import type { ErrorCode } from "../core/error-codes.ts";
import { UsageError } from "../core/errors.ts";
import type { Database, DatabaseClient } from "../database/connect.ts";
import { documentId, projectPath } from "./record/document-id.ts";
import type { DocumentFailure } from "./record/document-record.ts";
import { checkSetName, CONFIG_SET } from "./document-sets.ts";
import { findDocuments, type FoundDocuments } from "./find-documents.ts";
import { readSources } from "./read-sources.ts";
import { removeVanished } from "./remove-vanished.ts";
import { applyDocumentStage, DocumentStage } from "./stage-documents.ts";

export interface SyncDocumentsOptions {
  readonly database: Database;
  /** The project folder: patterns and paths are relative to it. */
  readonly directory: string;
  readonly patterns: readonly string[];
  /** Removes documents even when most of a source is gone. */
  readonly allowDeletes?: boolean | undefined;
  /** Ends the sync; nothing is changed then. */
  readonly signal?: AbortSignal | undefined;
  /** Fetches pages again that are already in the table. */
  readonly refreshUrls?: boolean | undefined;
  /** Whose patterns these are. A sync removes documents of its own set only. Default: the project's config. */
  readonly set?: string | undefined;
  /** No match is not an error: the patterns were given earlier, and their files may be gone. */
  readonly mayBeEmpty?: boolean | undefined;
}

export interface DocumentSync {
  readonly added: number;
  readonly changed: number;
  readonly removed: number;
  readonly unchanged: number;
  readonly failed: readonly DocumentFailure[];
  readonly warnings: readonly string[];
}

/** Brings the documents table to what the patterns list now; all of it in one transaction. */
export async function syncDocuments(options: SyncDocumentsOptions): Promise<DocumentSync> {
  return inSyncTransaction(options.database, (client) => syncWithin(client, options));
}

/** One transaction for one sync or several: all of what they change, or nothing. */
export async function inSyncTransaction<Result>(
  database: Database,
  work: (client: DatabaseClient) => Promise<Result>,
): Promise<Result> {
  return database.transaction(async (client) => {
    // Reading takes a while when there are many files or slow addresses.
    await client.query("set local idle_in_transaction_session_timeout = 0");
    // A second sync waits here and then looks at the files itself, so the later look always wins.
    await client.query("select pg_advisory_xact_lock(hashtext($1))", [`documents ${database.systemSchema}`]);
    return work(client);
  });
}

/** A sync as a part of a transaction. */
export async function syncWithin(client: DatabaseClient, options: SyncDocumentsOptions): Promise<DocumentSync> {
  const sync = await writeFound(client, await findDocuments(options), options);
  await client.query("drop table pg_temp.document_stage, pg_temp.document_vanished");
  return sync;
}

async function writeFound(
  client: DatabaseClient,
  found: FoundDocuments,
  options: SyncDocumentsOptions,
): Promise<DocumentSync> {
  const documents = options.database.documents;
  const set = `${checkSetName(options.set ?? CONFIG_SET)}:`;
  const stage = await DocumentStage.create(client);
  const fetched = options.refreshUrls === true ? new Set<string>() : await fetchedPages(client, documents, found);
  const failed: DocumentFailure[] = found.unreadableFolders.map(({ folder, errno }) => ({
    path: projectPath(options.directory, folder),
    code: "FOLDER_UNREADABLE" satisfies ErrorCode,
    message: `The folder could not be listed (${errno}); its documents stay as they are.`,
  }));
  const incompletePaths = new Set<string>();
  const places = new Map<string, string>();
  // What a set excludes goes with its documents: from them later syncs learn what the set is.
  const exclusions = set === `${CONFIG_SET}:` ? [] : found.exclusions;
  const originsOf = (entries: readonly string[]) => [...entries, ...exclusions].map((entry) => `${set}${entry}`);
  const { signal } = options;
  for await (const item of readSources({ sources: found.sources, fetched, originsOf, signal })) {
    signal?.throwIfAborted();
    if (item.kind === "failure") {
      failed.push(item.failure);
      incompletePaths.add(item.incompletePath);
      continue;
    }
    const { record, place } = item;
    const earlier = places.get(record.id);
    if (earlier !== undefined) {
      failed.push({
        path: place,
        code: "DOCUMENT_DUPLICATE" satisfies ErrorCode,
        message: `The same document as ${earlier}; only the first is read.`,
      });
      continue;
    }
    places.set(record.id, place);
    if (record.errorCode !== null) failed.push({ path: place, code: record.errorCode, message: record.error ?? "" });
    await stage.add(record);
  }
  await stage.finish();
  const removed = await removeVanished(client, {
    documents,
    set,
    incompletePaths: [...incompletePaths],
    incompleteFolders: found.unreadableFolders.map(({ folder }) => projectPath(options.directory, folder)),
    allowDeletes: options.allowDeletes ?? false,
  });
  refuseEmpty(found, removed, options);
  const counts = await applyDocumentStage(client, documents, set);
  return { ...counts, removed, failed, warnings: found.warnings };
}

/** Patterns that match nothing at all are a slip; a run on no documents would look like a success. */
function refuseEmpty(found: FoundDocuments, removed: number, options: SyncDocumentsOptions): void {
  const { patterns, directory, allowDeletes, mayBeEmpty, set } = options;
  const isEmpty = found.sources.length === 0 && found.unreadableFolders.length === 0;
  if (!isEmpty || patterns.length === 0 || allowDeletes === true || mayBeEmpty === true) return;
  const reasons = found.warnings.length > 0 ? found.warnings : ["All that match are excluded."];
  const advice = [
    `${(set ?? CONFIG_SET) === CONFIG_SET ? "Correct `documents` in millrace.config.ts" : "Correct the path"}, or add documents.`,
    ...(removed === 0 ? [] : ["If they were all removed on purpose, run again with --allow-deletes."]),
  ];
  throw new UsageError("DOCUMENTS_NOT_FOUND", `There are no documents. ${reasons.join(" ")}`, {
    hint: advice.join(" "),
    details: { patterns, directory },
  });
}

async function fetchedPages(client: DatabaseClient, documents: string, found: FoundDocuments): Promise<Set<string>> {
  const ids = found.sources.flatMap((source) => (source.kind === "url" ? [documentId(source.url)] : []));
  if (ids.length === 0) return new Set();
  const { rows } = await client.query<{ id: string }>(
    `select id from ${documents} where id = any($1) and status = 'ready' and content is not null`,
    [ids],
  );
  return new Set(rows.map(({ id }) => id));
}
