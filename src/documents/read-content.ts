import nodePath from "node:path";
import { MillraceError } from "../core/errors.ts";
import type { Database } from "../database/connect.ts";
import type { DocumentRow } from "../model/document-row.ts";
import { loadDocument, unreadable } from "./loaders/load-document.ts";
import { contentHash, type LoadedDocument } from "./loaders/loaded-document.ts";

export interface StoredDocument extends Pick<DocumentRow, "id" | "path" | "contentHash"> {
  /** Filled for documents without a file of their own: JSONL records, web pages. */
  readonly content?: string | null | undefined;
}

type ReadContentOptions = { readonly directory: string } & (
  | { readonly document: StoredDocument }
  | {
      readonly database: Database;
      readonly documentId: string;
      /** The hash the caller has seen; a text with another one is not what it wants. */
      readonly contentHash?: string | undefined;
    }
);

/** A document's text as the table describes it; a file that changed meanwhile is an error, not another text. */
export async function readDocumentContent(options: ReadContentOptions): Promise<string> {
  const document = "document" in options ? options.document : await find(options);
  if (typeof document.content === "string") return document.content;
  if (document.path === null)
    throw notReadable(document, new MillraceError("DOCUMENT_UNREADABLE", "It has neither a file nor a stored text."));
  const loaded = await load(nodePath.resolve(options.directory, document.path), document);
  if (contentHash(loaded) === document.contentHash) return loaded.content;
  throw changed(document);
}

async function find(options: {
  database: Database;
  documentId: string;
  contentHash?: string | undefined;
}): Promise<StoredDocument> {
  const [document] = await options.database.query<StoredDocument & Record<string, unknown>>(
    `select id, path, content_hash as "contentHash", content from ${options.database.documents} where id = $1`,
    [options.documentId],
  );
  if (document === undefined) {
    throw new MillraceError("DOCUMENT_NOT_FOUND", `Document ${options.documentId} is no longer among the documents.`, {
      hint: "Run again: each run re-reads the documents.",
      details: { id: options.documentId },
      isRetryable: true,
    });
  }
  if (options.contentHash !== undefined && options.contentHash !== document.contentHash) throw changed(document);
  return document;
}

function changed({ id, path }: StoredDocument): MillraceError {
  return new MillraceError("DOCUMENT_CHANGED", `Document ${path ?? id} has changed since the documents were synced.`, {
    hint: "Run again: each run re-reads the documents.",
    details: { id, path },
    isRetryable: true,
  });
}

async function load(file: string, document: StoredDocument): Promise<LoadedDocument> {
  try {
    return await loadDocument(file);
  } catch (error) {
    throw notReadable(document, unreadable(error));
  }
}

function notReadable({ id, path }: StoredDocument, cause: MillraceError): MillraceError {
  return new MillraceError("DOCUMENT_UNREADABLE", `Document ${path ?? id} could not be read: ${cause.message}`, {
    cause,
    hint: cause.hint ?? "Restore the file, or remove it from the documents.",
    details: { id, path, reason: cause.code },
  });
}
