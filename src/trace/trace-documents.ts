import { MillraceError } from "../core/errors.ts";
import type { Database } from "../database/connect.ts";
import { readDocumentContent } from "../documents/read-content.ts";
import type { FoundRow } from "./trace-table.ts";

/** A document that a row comes from, and where in it the row says to stand. */
export interface TracedDocument {
  readonly id: string;
  readonly title: string | null;
  readonly path: string | null;
  readonly sourceUrl: string;
  readonly contentHash: string | null;
  /** ISO 8601; when the document was found to have changed. */
  readonly updatedAt: string;
  /** From the row's columns `…start_offset` and `…end_offset`; null without them. */
  readonly startOffset: number | null;
  readonly endOffset: number | null;
  /** The beginning of the text between the offsets; null unless asked for, and when the document has changed since. */
  readonly excerpt: string | null;
}

/** A document to look up for a row, and the place to put it. */
export interface DocumentRequest {
  readonly id: string;
  readonly row: FoundRow["row"];
  readonly put: (document: TracedDocument) => void;
}

const EXCERPT_CHARACTERS = 200;

/** Looks up the documents of many rows in one query. Their texts are read for excerpts only. */
export async function loadTracedDocuments(
  requests: readonly DocumentRequest[],
  options: { readonly database: Database; readonly directory: string; readonly excerpts: boolean },
): Promise<void> {
  const { database } = options;
  const ids = [...new Set(requests.map(({ id }) => id))];
  if (ids.length === 0) return;
  const found = await database.query<Omit<TracedDocument, "startOffset" | "endOffset" | "excerpt">>(
    `select id, title, path, source_url as "sourceUrl", content_hash as "contentHash", to_json(updated_at) #>> '{}' as "updatedAt"
     from ${database.documents} where id = any($1)`,
    [ids],
  );
  const documents = new Map(found.map((document) => [document.id, document]));
  const texts = new Map<string, Promise<string | undefined>>();
  for (const { id, row, put } of requests) {
    const document = documents.get(id);
    if (document === undefined) continue;
    const [startOffset, endOffset] = offsetsOf(row) ?? [null, null];
    let excerpt: string | null = null;
    if (options.excerpts && startOffset !== null && endOffset !== null) {
      const text = texts.get(id) ?? readText(document, options);
      texts.set(id, text);
      excerpt = (await text)?.slice(startOffset, Math.min(endOffset, startOffset + EXCERPT_CHARACTERS)) ?? null;
    }
    put({ ...document, startOffset, endOffset, excerpt });
  }
}

/** The first pair of whole numbers in columns called alike but for `start_offset` and `end_offset`. */
function offsetsOf(row: FoundRow["row"]): readonly [start: number, end: number] | undefined {
  for (const [name, start] of Object.entries(row)) {
    if (!/(^|_)start_offset$/.test(name)) continue;
    const end = row[name.replace(/start_offset$/, "end_offset")];
    if (Number.isInteger(start) && Number.isInteger(end)) return [start as number, end as number];
  }
  return undefined;
}

// A file that is gone or has changed has no text that the offsets could be about.
async function readText(
  { id, contentHash }: { readonly id: string; readonly contentHash: string | null },
  { database, directory }: { readonly database: Database; readonly directory: string },
): Promise<string | undefined> {
  try {
    return await readDocumentContent({ database, directory, documentId: id, contentHash: contentHash ?? undefined });
  } catch (error) {
    if (error instanceof MillraceError) return undefined;
    throw error;
  }
}
