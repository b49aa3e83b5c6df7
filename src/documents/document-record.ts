import type { DocumentContentType, DocumentStatus } from "./document-kinds.ts";

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
