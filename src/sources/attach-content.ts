import { mapConcurrently } from "../core/map-concurrently.ts";
import type { Database } from "../database/connect.ts";
import { readDocumentContent } from "../documents/read-content.ts";

// Each takes a connection and an open file for a moment.
const READ_AT_ONCE = 16;

/** Where the texts of documents are: in the database, or in files of the project's folder. */
export interface ContentPlace {
  readonly database: Database;
  readonly directory: string;
}

type Row = Readonly<Record<string, unknown>>;

/** Document rows with their texts, read some at a time. */
export function withContents<DocumentRow extends Row>(
  place: ContentPlace,
  rows: readonly DocumentRow[],
): Promise<readonly (DocumentRow & { readonly content: string })[]> {
  return mapConcurrently(rows, { concurrency: READ_AT_ONCE }, async (row) => ({
    ...row,
    content: await readContent(place, row),
  }));
}

/** The text of a document row, as it was when the row was fingerprinted; a later text is an error of this unit. */
export function readContent({ database, directory }: ContentPlace, row: Row): Promise<string> {
  const contentHash = row["contentHash"];
  return readDocumentContent({
    database,
    directory,
    documentId: String(row["id"]),
    ...(typeof contentHash === "string" ? { contentHash } : {}),
  });
}
