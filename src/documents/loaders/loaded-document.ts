import { sha256 } from "../../core/hash.ts";
import type { DocumentContentType } from "../record/document-record.ts";

/** The content of a file, a line or a page, once it is read. */
export interface LoadedDocument {
  readonly title: string | null;
  readonly content: string;
  readonly contentType: DocumentContentType;
  readonly metadata: Readonly<Record<string, unknown>>;
}

// Neither part can contain U+0000, so two different documents never hash the same text.
export function contentHash(document: Pick<LoadedDocument, "title" | "content">): string {
  return sha256(`${document.title ?? ""}\0${document.content}`);
}
