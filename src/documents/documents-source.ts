/** A document as the `documents` table knows it. */
export interface DocumentRow {
  /** Short hash of the document's URI, the same in every rebuild. */
  readonly id: string;
  readonly title: string | null;
  /** Relative to the project folder; a JSONL record has the path of its file, a web page has none. */
  readonly path: string | null;
  /** The web address; for files the path; for JSONL records without an address `file#record`. */
  readonly sourceUrl: string;
  readonly contentType: string;
  /** Changes whenever the text or the title does. */
  readonly contentHash: string;
  /** Front matter of Markdown, fields of JSONL. */
  readonly metadata: Readonly<Record<string, unknown>>;
}

export interface DocumentContentRow extends DocumentRow {
  /** The text without its front matter. */
  readonly content: string;
}

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
