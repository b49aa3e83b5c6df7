import { expect, test } from "vitest";
import { documentId } from "../../src/documents/record/document-id.ts";
import { readDocumentContent } from "../../src/documents/read-content.ts";
import { createDocumentsProject } from "./documents-project.ts";

test("a document's text is the one the table describes, or an error", async () => {
  await using project = await createDocumentsProject({ "a.md": "---\ntitle: A\n---\n\r\nsecret\r\n", "empty.md": "" });
  await project.sync(["."]);
  const { database, directory } = project;
  const read = (path: string) => readDocumentContent({ database, directory, documentId: documentId(path) });

  expect(await read("a.md")).toBe("\r\nsecret\r\n");
  expect(await read("empty.md")).toBe("");
  await expect(read("none.md")).rejects.toMatchObject({ code: "DOCUMENT_NOT_FOUND" });

  await project.write({ "a.md": "changed secret" });
  const changed = {
    code: "DOCUMENT_CHANGED",
    isRetryable: true,
    message: "Document a.md has changed since the documents were synced.",
  };
  await expect(read("a.md")).rejects.toMatchObject(changed);
  await project.sync(["."]);
  const seen = { database, directory, documentId: documentId("a.md"), contentHash: "what the caller has seen" };
  await expect(readDocumentContent(seen)).rejects.toMatchObject(changed);

  await project.write({ "a.md": Buffer.from([0xff]) });
  await expect(read("a.md")).rejects.toMatchObject({
    code: "DOCUMENT_UNREADABLE",
    message: "Document a.md could not be read: The file is not valid UTF-8.",
  });
  await project.remove("a.md");
  await expect(read("a.md")).rejects.toMatchObject({
    code: "DOCUMENT_UNREADABLE",
    message: "Document a.md could not be read: The file does not exist.",
  });
});
