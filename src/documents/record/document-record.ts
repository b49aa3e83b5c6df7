export const DOCUMENT_STATUSES = ["ready", "failed"] as const;

/** `failed`: the last sync could not read it; what is known of it comes from the last time it could. */
export type DocumentStatus = (typeof DOCUMENT_STATUSES)[number];

export const CONTENT_TYPES = ["text/markdown", "text/html", "text/plain"] as const;

export type DocumentContentType = (typeof CONTENT_TYPES)[number];

/** A document as one sync saw it, on its way to the table. */
export interface DocumentRecord {
  readonly id: string;
  readonly sourceUrl: string;
  readonly path: string | null;
  readonly title: string | null;
  readonly contentType: DocumentContentType;
  /** `kept`: listed and not read again; everything known of it stays. */
  readonly status: DocumentStatus | "kept";
  readonly contentHash: string | null;
  /** Only for documents that have no file of their own. */
  readonly content: string | null;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly errorCode: string | null;
  readonly error: string | null;
  readonly origins: readonly string[];
}

/** Something that could not be read; `path` is a file, `file:line`, a folder or an address. */
export interface DocumentFailure {
  readonly path: string;
  readonly code: string;
  readonly message: string;
}

/** What reading the sources yields, in the order of the sources. */
export type SyncItem =
  | { readonly kind: "document"; readonly record: DocumentRecord; readonly place: string }
  | {
      readonly kind: "failure";
      readonly failure: DocumentFailure;
      /** Documents of this file are not removed: what of it is gone cannot be known. */
      readonly incompletePath: string;
    };
