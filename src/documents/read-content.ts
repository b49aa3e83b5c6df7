import nodePath from "node:path";
import { MillraceError } from "../core/errors.ts";
import type { DocumentRow } from "./documents-source.ts";
import { loadDocument, unreadable } from "./load-document.ts";
import { contentHash, type LoadedDocument } from "./loaders/loaded-document.ts";

export interface StoredDocument extends Pick<DocumentRow, "id" | "path" | "contentHash"> {
  /** Filled for documents without a file of their own: JSONL records, web pages. */
  readonly content?: string | null | undefined;
}

/** A document's text as the table describes it; a file that changed meanwhile is an error, not another text. */
export async function readDocumentContent(options: { directory: string; document: StoredDocument }): Promise<string> {
  const { document } = options;
  if (typeof document.content === "string") return document.content;
  if (document.path === null) throw notReadable(document, new MillraceError("DOCUMENT_UNREADABLE", "It has neither a file nor a stored text."));
  const loaded = await load(nodePath.resolve(options.directory, document.path), document);
  if (contentHash(loaded) === document.contentHash) return loaded.content;
  throw new MillraceError("DOCUMENT_CHANGED", `${document.path} has changed since the documents were synced.`, {
    hint: "Run again; a run reads the documents anew.",
    details: { id: document.id, path: document.path },
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
