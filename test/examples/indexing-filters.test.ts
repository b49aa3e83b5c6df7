import type { DocumentFilters } from "millrace";
import { expect, test } from "vitest";
import config from "../../examples/indexing/millrace.config.ts";
import { indexDocuments, openIndexing } from "./indexing-project.ts";
import { ownName, portDocuments } from "./port-documents.ts";

test("documents are chosen by what they speak of", async () => {
  const { documentFilters = {} } = config;
  await using project = await openIndexing(portDocuments(12), { documentFilters });
  await indexDocuments(project);
  const pathsOf = async (filters: DocumentFilters) => {
    const documents = await project.project.documents.list({ filters });
    return documents.map(({ path }) => path);
  };
  expect(await pathsOf({ "with-entity": `product:${ownName(3)}` })).toEqual(["docs/port-3.md"]);
  expect(await pathsOf({ "with-entity": `PRODUCT:${ownName(3).toLowerCase()}` })).toEqual(["docs/port-3.md"]);
  expect(await pathsOf({ "in-cluster": ownName(5) })).toEqual(["docs/port-5.md"]);
  expect(await pathsOf({ "with-relationship": `${ownName(2)}:integrates_with:Crane Link` })).toEqual([
    "docs/port-2.md",
  ]);
  expect(await pathsOf({ "with-entity": `product:${ownName(3)}`, "in-cluster": ownName(5) })).toEqual([]);
  expect(await pathsOf({ "with-entity": "product:Beacon Hub" })).toHaveLength(12);
  expect(await pathsOf({ "with-entity": "product:Beacon Hubb" })).toEqual([]);

  const result = await project.project.runPipeline("indexing", {
    filters: { "with-entity": `product:${ownName(3)}` },
    mode: "full",
  });
  expect(result.models["indexing.section_extractions"]).toMatchObject({ unitsDone: 1 });
});
