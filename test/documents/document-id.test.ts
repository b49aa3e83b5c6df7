import nodePath from "node:path";
import { describe, expect, test } from "vitest";
import { documentId, fileUri, projectPath, recordUri } from "../../src/documents/record/document-id.ts";

describe("ids of documents", () => {
  test("are 16 hex digits that never change", () => {
    expect(documentId("docs/a.md")).toBe("5231f8a11b65145a");
  });

  test("are the same on Windows and elsewhere, wherever the project is", () => {
    const windows = projectPath(String.raw`C:\work\project`, String.raw`C:\work\project\docs\a b.md`, nodePath.win32);
    const posix = projectPath("/home/me/clone", "/home/me/clone/docs/a b.md", nodePath.posix);
    expect(windows).toBe("docs/a b.md");
    expect(documentId(windows)).toBe(documentId(posix));
  });

  test("do not depend on how a name's accents are composed", () => {
    expect(documentId(fileUri("caf\u00E9.md"))).toBe(documentId(fileUri("cafe\u0301.md")));
  });

  test("keep a backslash that belongs to a POSIX file name", () => {
    expect(projectPath("/p", String.raw`/p/a\b.md`, nodePath.posix)).toBe(String.raw`a\b.md`);
  });

  test("of records follow their id, or their line", () => {
    const options = { path: "data.jsonl", line: '{"text":"x"}' };
    expect(recordUri({ ...options, recordId: "7" })).toBe("data.jsonl#7");
    expect(recordUri({ ...options, recordId: undefined })).toMatch(/^data\.jsonl#[0-9a-f]{16}$/);
    expect(recordUri({ ...options, line: "{}", recordId: undefined })).not.toBe(
      recordUri({ ...options, recordId: undefined }),
    );
  });
});
