import { expect, test } from "vitest";
import type { LlmRequest, LlmTransport } from "millrace/llm";
import { renderTrace } from "../../src/display/render-trace.ts";
import { plainColors } from "../display/scripted-run.ts";
import { indexDocuments, openIndexing } from "./indexing-project.ts";

const promptOf = (request: LlmRequest) => request.messages.map(({ content }) => content).join("\n");
type Asked = "sections" | "entities" | "claims";
const kindOf = (prompt: string): Asked =>
  prompt.includes("which of these names")
    ? "entities"
    : prompt.includes("which of these statements")
      ? "claims"
      : "sections";

/** A language model that answers as the test says; undefined is a failed call. */
function scriptedModel(answer: (kind: Asked, prompt: string) => object | undefined) {
  const asked: Asked[] = [];
  const transport: LlmTransport = {
    provider: "test",
    model: "scripted",
    endpoint: "test",
    limiterKey: `test ${Math.random()}`,
    async call(request) {
      const prompt = promptOf(request);
      asked.push(kindOf(prompt));
      const found = answer(kindOf(prompt), prompt);
      if (found === undefined) throw new Error("The model is not there.");
      return {
        text: JSON.stringify(found),
        finish: "stop",
        model: "scripted-1",
        usage: { inputTokens: 10, outputTokens: 10, cachedInputTokens: 0 },
        rateLimit: undefined,
      };
    },
  };
  return { config: { llm: { model: transport } }, asked };
}

const entity = (name: string, quote: string) => ({
  name,
  entityType: "product",
  description: null,
  aliases: [],
  confidence: 0.9,
  quote,
});
const claim = (statement: string, quote: string, confidence = 0.9) => ({
  statement,
  claimType: "feature",
  entityIndices: [0],
  confidence,
  quote,
});

const harbour = {
  "a.md": "The Signal Mast shines at night. The mast has 12 lamps in all.",
  "b.md": "The Signal Mast shines at night, too. The mast has 14 lamps in all.",
  "c.md": "Signal Masts are tall.",
};

/** What the model finds in those documents; in c.md it makes a quote up. */
function extractHarbour(prompt: string): object {
  const lamps = /has (\d+) lamps/.exec(prompt)?.[1];
  if (lamps === undefined) {
    const masts = entity("Signal Masts", "Signal Masts are tall.");
    return {
      entities: [masts],
      relationships: [],
      claims: [claim("Signal Masts are made of steel.", "made of steel")],
    };
  }
  return {
    entities: [entity("Signal Mast", "The Signal Mast shines at night")],
    relationships: [],
    claims: [
      claim("The Signal Mast shines at night.", "The Signal Mast shines at night"),
      claim(
        `The Signal Mast has ${lamps} lamps in all.`,
        `The mast has ${lamps} lamps in all.`,
        lamps === "12" ? 0.9 : 0.8,
      ),
    ],
  };
}

const mergeMasts = {
  resolutions: [
    {
      entityIndex: 0,
      decisionType: "MERGE_WITH_PEER",
      targetIndex: 1,
      canonicalName: "Signal Mast",
      reasoning: "Plural.",
    },
    { entityIndex: 1, decisionType: "CREATE_NEW", targetIndex: null, canonicalName: "Signal Mast", reasoning: "" },
  ],
};
const contradiction = {
  resolutions: [
    { claimIndex: 0, decisionType: "CREATE_NEW", targetIndex: null, canonicalStatement: "", reasoning: "" },
    { claimIndex: 1, decisionType: "CONFLICT", targetIndex: 0, canonicalStatement: "", reasoning: "12 is not 14." },
  ],
};

test("when every call fails no document counts as indexed, the run says so, and the next run tries again", async () => {
  let works = true;
  const model = scriptedModel((kind, prompt) =>
    works ? { sections: extractHarbour(prompt), entities: mergeMasts, claims: contradiction }[kind] : undefined,
  );
  await using project = await openIndexing(harbour, model.config);
  const indexed = async () =>
    (await project.query("select path from indexed_documents order by path")).map(({ path }) => path);
  const all = ["docs/a.md", "docs/b.md", "docs/c.md"];
  expect((await indexDocuments(project)).status).toBe("succeeded");
  expect(await indexed()).toEqual(all);

  works = false;
  for (const [path, text] of Object.entries(harbour)) await project.writeDocument(path, `${text} Come and see.`);
  const failed = await indexDocuments(project);
  expect(failed.status).not.toBe("succeeded");
  expect(failed.models["indexing.section_extractions"]?.status).not.toBe("succeeded");
  expect(await indexed()).toEqual([]);

  works = true;
  expect((await indexDocuments(project)).models["indexing.section_extractions"]).toMatchObject({ status: "succeeded" });
  expect(await indexed()).toEqual(all);
});

test("a document of which one section fails does not count as indexed until that one is extracted", async () => {
  let works = false;
  const model = scriptedModel((kind, prompt) =>
    kind === "sections" && (works || !prompt.includes("of fog"))
      ? { entities: [], relationships: [], claims: [] }
      : undefined,
  );
  const filler = "Ships come and ships go. ".repeat(24);
  await using project = await openIndexing(
    { "a.md": `# Day\n\n${filler}\n\n# Night of fog\n\n${filler}\n`, "b.md": "Nothing." },
    model.config,
  );
  const indexed = async () =>
    (await project.query("select path, sections from indexed_documents order by path")).map(Object.values);
  await indexDocuments(project);
  expect(await indexed()).toEqual([["docs/b.md", 1]]);
  works = true;
  await indexDocuments(project);
  expect(await indexed()).toEqual([
    ["docs/a.md", 2],
    ["docs/b.md", 1],
  ]);
});

test("a cluster whose call fails is tried again as itself, and its names stay in the graph meanwhile", async () => {
  let works = false;
  const model = scriptedModel((kind, prompt) => {
    if (prompt.includes("Harbour Office")) {
      const office = entity("Harbour Office", "Harbour Office is open");
      return { entities: [office], relationships: [], claims: [] };
    }
    if (kind === "sections") return extractHarbour(prompt);
    if (kind === "claims") return contradiction;
    return works ? mergeMasts : undefined;
  });
  const documents = { ...harbour, "d.md": "The Harbour Office is open." };
  await using project = await openIndexing(documents, { ...model.config, config: { indexing: { eps: 0.4 } } });
  const names = async () =>
    (await project.query("select canonical_name, mention_count from entities order by 1")).map(Object.values);
  const failed = await indexDocuments(project);
  expect(failed.status).toBe("partial");
  expect(failed.models["indexing.entity_clustering"]).toMatchObject({ unitsDone: 1, unitsFailed: 1 });
  expect(await names()).toEqual([
    ["Harbour Office", 1],
    ["Signal Mast", 2],
    ["Signal Masts", 1],
  ]);

  works = true;
  const asked = model.asked.length;
  expect((await indexDocuments(project)).status).toBe("succeeded");
  expect(model.asked.slice(asked)).toEqual(["entities"]);
  expect(await names()).toEqual([
    ["Harbour Office", 1],
    ["Signal Mast", 3],
  ]);
});

test("quotes that the model made up are marked and counted; the others stand where they say", async () => {
  const model = scriptedModel((kind, prompt) => (kind === "sections" ? extractHarbour(prompt) : { resolutions: [] }));
  await using project = await openIndexing(harbour, model.config);
  expect((await indexDocuments(project)).status).toBe("succeeded");
  expect(await project.query("select sum(quotes_not_found)::int as n from indexing_section_extractions")).toEqual([
    { n: 1 },
  ]);
  expect(
    await project.query("select quote, quote_end_offset from indexing_claim_evidence where quote_start_offset is null"),
  ).toEqual([{ quote: "made of steel", quote_end_offset: null }]);
  const found = await project.query(`select d.path, e.quote, e.quote_start_offset as at from indexing_claim_evidence e
    join millrace.documents d on d.id = e.document_id where e.quote_start_offset is not null`);
  expect(found).toHaveLength(4);
  for (const { path, quote, at } of found) {
    const text = harbour[String(path).replace("docs/", "") as keyof typeof harbour];
    expect(text.slice(Number(at), Number(at) + String(quote).length)).toBe(quote);
  }
});

test("a claim keeps its evidence from every document, and one that contradicts another says so", async () => {
  const model = scriptedModel((kind, prompt) =>
    kind === "sections" ? extractHarbour(prompt) : kind === "claims" ? contradiction : mergeMasts,
  );
  await using project = await openIndexing(harbour, model.config);
  expect((await indexDocuments(project)).status).toBe("succeeded");
  const claims = await project.query(`select statement, evidence_count, jsonb_array_length(document_ids) as documents,
    is_contradicted, jsonb_array_length(conflicts_with) as conflicts from claims order by 1`);
  expect(claims).toEqual(
    expect.arrayContaining([
      {
        statement: "The Signal Mast has 12 lamps in all.",
        evidence_count: 1,
        documents: 1,
        is_contradicted: true,
        conflicts: 1,
      },
      {
        statement: "The Signal Mast has 14 lamps in all.",
        evidence_count: 1,
        documents: 1,
        is_contradicted: true,
        conflicts: 1,
      },
      {
        statement: "The Signal Mast shines at night.",
        evidence_count: 2,
        documents: 2,
        is_contradicted: false,
        conflicts: 0,
      },
    ]),
  );
});

test("an entity leads back to documents, sections, quotes, runs, the decision and what all of it cost", async () => {
  const model = scriptedModel((kind, prompt) =>
    kind === "sections" ? extractHarbour(prompt) : kind === "claims" ? contradiction : mergeMasts,
  );
  await using project = await openIndexing(harbour, model.config);
  const { runId, usage } = await indexDocuments(project);
  const trace = await project.project.trace("entities", ["canonical_name=Signal Mast"], { excerpts: true });
  const tree = renderTrace(trace, { colors: plainColors, width: 400, now: Date.now() }).join("\n");
  for (const part of [
    "docs/a.md:0-31",
    "indexing.document_sections",
    "“The Signal Mast shines at night”",
    runId.replace(/-[^-]*$/, ""),
  ])
    expect(tree).toContain(part);
  expect(tree).toMatch(/indexing\.section_extractions .* 1 call · 20 tokens · 1 call of unknown cost/);
  expect(tree).toMatch(/indexing\.entity_clustering .* 1 call · 20 tokens · 1 call of unknown cost/);
  // Three sections and the decision about one cluster; claims have their own.
  expect(usage?.calls).toBeGreaterThan(4);
  expect(tree).toMatch(/\nTotal  4 calls · 80 tokens · 4 calls of unknown cost$/);
});
