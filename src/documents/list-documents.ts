import { UsageError } from "../core/errors.ts";
import type { Database } from "../database/connect.ts";
import type { DocumentFilters } from "../model/context.ts";
import type { DeclaredDocumentFilters } from "../model/document-filter.ts";
import { resolveDocumentFilters } from "./filters/document-filters.ts";
import { CONFIG_SET } from "./document-sets.ts";
import type { DocumentStatus } from "./record/document-record.ts";

export interface ListedDocument {
  readonly id: string;
  readonly title: string | null;
  readonly path: string | null;
  readonly sourceUrl: string;
  readonly contentType: string;
  readonly status: DocumentStatus;
  /** `CODE: what is wrong` of a document that could not be read. */
  readonly error: string | null;
  /** The entries under which it was added or given to a run, apart from those of the config. */
  readonly addedAs: readonly string[];
  readonly updatedAt: string;
}

export interface ListDocumentsOptions {
  readonly database: Database;
  /** The project folder, for filters that name paths. Default: where the process runs. */
  readonly directory?: string | undefined;
  readonly filters?: DocumentFilters | undefined;
  readonly declared?: DeclaredDocumentFilters | undefined;
  /** How many to show; all of them unless given. */
  readonly limit?: number | undefined;
}

/** Documents by path, then id. */
export async function listDocuments(options: ListDocumentsOptions): Promise<ListedDocument[]> {
  const { database, directory = process.cwd(), filters = {}, declared = {}, limit } = options;
  if (limit !== undefined && !(Number.isSafeInteger(limit) && limit > 0)) {
    throw new UsageError("LIMIT_INVALID", `The limit must be a positive integer, not ${String(limit)}.`);
  }
  const ids = await resolveDocumentFilters({ database, directory, filters, declared });
  return database.query<ListedDocument & Record<string, unknown>>(
    `select id, title, path, source_url as "sourceUrl", content_type as "contentType", status,
       error_code || ': ' || error as error, updated_at as "updatedAt",
       array(select distinct substr(origin, strpos(origin, ':') + 1) from unnest(origins) origin
         where split_part(origin, ':', 1) <> '${CONFIG_SET}' order by 1) as "addedAs"
     from ${database.documents} where $1::text[] is null or id = any($1)
     order by path collate "C" nulls last, id collate "C" limit $2`,
    [ids ?? null, limit ?? null],
  );
}
