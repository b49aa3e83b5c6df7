import { readDocumentContent } from "../documents/read-content.ts";
import type { ModelJob } from "./model-job.ts";

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
