import { expect, test } from "vitest";
import { resolveDocumentFilters } from "../../src/documents/filters/document-filters.ts";
import { indexDocuments, openIndexing } from "./indexing-project.ts";
import { ownName, portDocuments } from "./port-documents.ts";

test("documents are chosen by what they speak of", async () => {
  await using project = await openIndexing(portDocuments(12));
  await indexDocuments(project);
  const pathsOf = async (filters: object) => {
    const database = await project.project.openDatabase();
    const ids = await resolveDocumentFilters({ database, directory: project.directory, filters });
    const rows = await project.query("select path from millrace.documents where id = any($1) order by 1", [ids]);
    return rows.map(({ path }) => path);
  };
  expect(await pathsOf({ withEntity: `product:${ownName(3)}` })).toEqual(["docs/port-3.md"]);
  expect(await pathsOf({ withEntity: `PRODUCT:${ownName(3).toLowerCase()}` })).toEqual(["docs/port-3.md"]);
  expect(await pathsOf({ inCluster: ownName(5) })).toEqual(["docs/port-5.md"]);
  expect(await pathsOf({ withRelationship: `${ownName(2)}:integrates_with:Crane Link` })).toEqual(["docs/port-2.md"]);
  expect(await pathsOf({ withEntity: `product:${ownName(3)}`, inCluster: ownName(5) })).toEqual([]);
  expect((await pathsOf({ withEntity: "product:Beacon Hub" })).length).toBe(12);

  await expect(pathsOf({ withEntity: "product:Beacon Hubb" })).rejects.toMatchObject({
    code: "FILTER_UNKNOWN",
    message: expect.stringContaining('Did you mean "product:Beacon Hub"?') as string,
  });
  await expect(pathsOf({ withRelationship: "Beacon Hub" })).rejects.toMatchObject({ code: "FILTER_INVALID" });

  const result = await project.project.runPipeline("indexing", {
    filters: { withEntity: `product:${ownName(3)}` },
    mode: "full",
  });
  expect(result.models["indexing.section_extractions"]).toMatchObject({ unitsDone: 1 });
});
