import type { DocumentRow } from "../model/document-row.ts";

/** Keys of a document row → columns of the `documents` table. */
export const DOCUMENT_COLUMNS = {
  id: "id",
  title: "title",
  path: "path",
  sourceUrl: "source_url",
  contentType: "content_type",
  contentHash: "content_hash",
  metadata: "metadata",
} as const satisfies Record<keyof DocumentRow, string>;

export const DOCUMENT_STATUSES = ["ready", "failed"] as const;

/** `failed`: the last sync could not read it; what is known of it comes from the last time it could. */
export type DocumentStatus = (typeof DOCUMENT_STATUSES)[number];

export const CONTENT_TYPES = ["text/markdown", "text/html", "text/plain"] as const;

export type DocumentContentType = (typeof CONTENT_TYPES)[number];
