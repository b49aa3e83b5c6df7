import { mapConcurrently } from "../core/map-concurrently.ts";
import { readDocumentContent } from "../documents/read-content.ts";
import type { ModelJob } from "../run/model-job.ts";

// Each takes a connection and an open file for a moment.
const READ_AT_ONCE = 16;

/** Document rows with their texts, read some at a time. */
export function withContents<Row extends Readonly<Record<string, unknown>>>(
  job: Pick<ModelJob, "database" | "directory">,
  rows: readonly Row[],
): Promise<readonly (Row & { readonly content: string })[]> {
  return mapConcurrently(rows, { concurrency: READ_AT_ONCE }, async (row) => ({
    ...row,
    content: await readContent(job, row),
  }));
}

/** The text of a document row, as it was when the row was fingerprinted; a later text is an error of this unit. */
export function readContent(
  job: Pick<ModelJob, "database" | "directory">,
  row: Readonly<Record<string, unknown>>,
): Promise<string> {
  const contentHash = row["contentHash"];
  return readDocumentContent({
    database: job.database,
    directory: job.directory,
    documentId: String(row["id"]),
    ...(typeof contentHash === "string" ? { contentHash } : {}),
  });
}
