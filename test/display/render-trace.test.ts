import { expect, test } from "vitest";
import type { InputTrace, RowTrace, TracedDocument, TracedUnit } from "millrace";
import { formatAge } from "../../src/core/duration.ts";
import { renderTrace } from "../../src/display/render-trace.ts";
import { plainColors, START } from "./scripted-run.ts";

const runId = "20260301-114500-0a1b2c";
const at = (minutes: number) => new Date(START - minutes * 60_000).toISOString();

const unit = (sourceKey: string, parts: Partial<TracedUnit> = {}): TracedUnit => ({
  sourceKey,
  status: "done",
  runId,
  updatedAt: at(15),
  attempts: 0,
  durationMs: 12,
  errorCode: null,
  error: null,
  usage: null,
  ...parts,
});

const row = (model: string, key: RowTrace["key"], parts: Partial<RowTrace> = {}): RowTrace => ({
  model: `indexing.${model}`,
  table: model,
  key,
  row: key,
  runId,
  updatedAt: at(15),
  unit: unit("u"),
  place: null,
  inputs: [],
  isCut: false,
  ...parts,
});

const input = (model: string, parts: Partial<InputTrace>): InputTrace => ({
  source: "s",
  model: `indexing.${model}`,
  table: model,
  by: "unit",
  total: parts.rows?.length ?? 0,
  rows: [],
  documents: [],
  ...parts,
});

const document = (path: string, startOffset: number, endOffset: number): TracedDocument => ({
  id: path,
  title: "Tides and\u001b[2J harbours",
  path,
  sourceUrl: path,
  contentHash: "0",
  updatedAt: at(60),
  startOffset,
  endOffset,
  excerpt: null,
});

const ofDocument = (parts: TracedDocument): InputTrace => ({
  ...input("documents", { total: 1, documents: [parts] }),
  model: null,
});

const section = row(
  "sections",
  { document_id: "140eef3ba41bdcf4", section_id: "7a19966da37f73f0" },
  { inputs: [ofDocument({ ...document("docs/a.md", 120, 340), excerpt: "# Tides\n\nThe tide" })] },
);

const trace = row(
  "entities",
  { entity_id: "066e198e90078d38" },
  {
    inputs: [
      input("mentions", {
        total: 12,
        rows: [
          row(
            "mentions",
            { id: 1 },
            { place: document("docs/a.md", 130, 142), inputs: [input("sections", { rows: [section] })] },
          ),
          row(
            "mentions",
            { id: 2 },
            {
              unit: unit("2", { status: "stale", errorCode: "RATE_LIMIT", error: "Too many\nrequests.", attempts: 2 }),
              inputs: [input("sections", { rows: [section] })],
            },
          ),
        ],
      }),
      input("types", { by: "match", rows: [row("types", { type: "place" }, { isCut: true })] }),
      input("aliases", { by: "match" }),
      input("settings", { by: "whole", total: 1_204 }),
      input("seen", { by: "key", rows: [row("seen", { id: "a" }, { unit: null, runId: null, updatedAt: null })] }),
    ],
  },
);

const asked = (sourceKey: string, costUsd: number | null) =>
  unit(sourceKey, {
    usage: {
      calls: 2,
      cachedCalls: 1,
      unknownCalls: costUsd === null ? 1 : 0,
      inputTokens: 1_200,
      outputTokens: 34,
      costUsd: costUsd ?? 0,
    },
  });

test("every unit says what its calls took, and the end what all of them did, each unit once", () => {
  const show = (costUsd: number | null, total = 2) => {
    const extraction = row("extractions", { id: "x" }, { unit: asked("x", 0.0021), updatedAt: null });
    const mention = (id: number) =>
      row("mentions", { id }, { updatedAt: null, inputs: [input("extractions", { rows: [extraction] })] });
    const entity = row(
      "entities",
      { id: "e" },
      {
        updatedAt: null,
        inputs: [
          input("mentions", { total, rows: [mention(1), mention(2)] }),
          input("clustering", { by: "key", rows: [row("clustering", { id: "c" }, { unit: asked("c", costUsd) })] }),
        ],
      },
    );
    return `\n${renderTrace(entity, { colors: plainColors, width: 200, now: START }).join("\n")}\n`;
  };
  expect(show(0.5)).toMatchInlineSnapshot(`
    "
    indexing.entities  e           run 20260301-114500 · 12ms
    ├─ indexing.mentions  1        run 20260301-114500 · 12ms
    │  └─ indexing.extractions  x  run 20260301-114500 · 12ms · 2 calls (1 cached) · 1,234 tokens · $0.0021
    ├─ indexing.mentions  2        run 20260301-114500 · 12ms
    │  └─ indexing.extractions  x  as above
    └─ indexing.clustering  c      same key · run 20260301-114500 · 12ms · 2 calls (1 cached) · 1,234 tokens · $0.5 · 15 minutes ago

    Total  4 calls (2 cached) · 2,468 tokens · $0.5
    "
  `);
  expect(show(null, 3)).toContain(
    "Total of what is listed  4 calls (2 cached) · 2,468 tokens · $0.0021 + 1 call of unknown cost",
  );
});

const render = (width: number) => `\n${renderTrace(trace, { colors: plainColors, width, now: START }).join("\n")}\n`;

test("a trace is a tree from the row to the documents", () => {
  expect(render(Number.POSITIVE_INFINITY)).toMatchInlineSnapshot(`
    "
    indexing.entities  066e198e90078d38                         run 20260301-114500 · 12ms · 15 minutes ago
    ├─ indexing.mentions  1                                     docs/a.md:130-142 · run 20260301-114500 · 12ms · 15 minutes ago
    │  └─ indexing.sections  140eef3ba41bdcf4 7a19966da37f73f0  run 20260301-114500 · 12ms · 15 minutes ago
    │     └─ docs/a.md:120-340                                  Tides and\\u001b[2J harbours
    │           “# Tides The tide”
    ├─ indexing.mentions  2                                     stale: RATE_LIMIT Too many\\nrequests. · run 20260301-114500 · 15 minutes ago
    │  └─ indexing.sections  140eef3ba41bdcf4 7a19966da37f73f0  as above
    ├─ … and 10 more
    ├─ indexing.types  place                                    matches · run 20260301-114500 · 12ms · 15 minutes ago
    │  └─ …
    ├─ indexing.aliases                                         nothing that matches
    ├─ indexing.settings                                        all of it, 1,204 rows
    └─ indexing.seen  a                                         same key
    "
  `);
});

test("a narrow terminal sees names without their namespace and the beginnings of keys", () => {
  expect(render(88)).toMatchInlineSnapshot(`
    "
    entities  066e198e9…                   run 20260301-114500 · 12ms · 15 minutes ago
    ├─ mentions  1                         docs/a.md:130-142 · run 20260301-114500 · 12ms
    │  └─ sections  140eef3ba… 7a19966da…  run 20260301-114500 · 12ms · 15 minutes ago
    │     └─ docs/a.md:120-340             Tides and\\u001b[2J harbours
    │           “# Tides The tide”
    ├─ mentions  2                         stale: RATE_LIMIT Too many\\nrequests.
    │  └─ sections  140eef3ba… 7a19966da…  as above
    ├─ … and 10 more
    ├─ types  place                        matches · run 20260301-114500 · 12ms
    │  └─ …
    ├─ aliases                             nothing that matches
    ├─ settings                            all of it, 1,204 rows
    └─ seen  a                             same key
    "
  `);
  expect(
    Math.max(
      ...render(60)
        .split("\n")
        .map((line) => line.length),
    ),
  ).toBeLessThanOrEqual(62);
});

test("what a row was made of may be gone", () => {
  const left = row(
    "sections",
    { id: "1" },
    { unit: unit("140eef3b"), inputs: [{ ...input("documents", {}), model: null }] },
  );
  expect(renderTrace(left, { colors: plainColors, width: 100, now: START })).toMatchInlineSnapshot(`
    [
      "indexing.sections  1    run 20260301-114500 · 12ms · 15 minutes ago",
      "└─ documents  140eef3b  gone since",
    ]
  `);
});

test("an age is told in its largest unit", () => {
  const ages = [0, 999, 1_000, 59_999, 60_000, 7_200_000, 86_400_000, 300 * 86_400_000].map(formatAge);
  expect(ages).toMatchInlineSnapshot(`
    [
      "just now",
      "just now",
      "1 second ago",
      "59 seconds ago",
      "1 minute ago",
      "2 hours ago",
      "1 day ago",
      "300 days ago",
    ]
  `);
});
