import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createTestDatabase } from "../support/test-database.ts";
import { createFolder, runCli } from "./run-cli.ts";

const MODELS = `
import { defineSqlModel, ref } from "millrace";
import { integer, pipelineTable, sql, text } from "millrace/schema";
import { sections } from "./sections.ts";

export const headings = defineSqlModel({
  name: "notes.headings",
  sources: { sections: ref(sections) },
  sql: ({ sections }) => sql\`select \${sections.heading} from \${sections}\`,
});

export const counts = defineSqlModel({
  name: "notes.counts",
  materialized: "table",
  table: pipelineTable("notes_counts", { heading: text().primaryKey(), sections: integer().notNull() }),
  sources: { headings: ref(headings) },
  sql: ({ headings }) => sql\`select \${headings["heading"]}, count(*)::int as sections from \${headings} group by 1\`,
});
`;

test("queries are listed, drawn, run and shown like other models", async () => {
  await using folder = await createFolder();
  await using database = await createTestDatabase();
  await runCli(["init", "."], { cwd: folder.path });
  await writeFile(join(folder.path, "models", "queries.ts"), MODELS);
  const run = async (...args: string[]) => {
    const { code, stdout, stderr } = await runCli(args, { cwd: folder.path, env: { DATABASE_URL: database.url } });
    return { code, out: stdout + stderr };
  };
  expect((await run("ls")).out).toMatchInlineSnapshot(`
    "model           runs       table           reads models    file
    notes.sections  per row    notes_sections  –               models/sections.ts
    notes.headings  view       notes_headings  notes.sections  models/queries.ts
    notes.counts    sql table  notes_counts    notes.headings  models/queries.ts
    notes.outlines  per group  notes_outlines  notes.sections  models/outlines.ts

    4 models · \`millrace graph\` draws the graph
    "
  `);
  expect((await run("graph")).out).toMatchInlineSnapshot(`
    "notes.sections      per row
    ├─ notes.headings   view
    │  └─ notes.counts  sql table
    └─ notes.outlines   per group
    "
  `);
  expect((await run("plan")).out).toMatchInlineSnapshot(`
    "Plan of notes · delta
    documents  2 added
    tables     6 changes to match the models

    model           work  why                                time
    notes.sections     2  2 new                              –
    notes.headings     1  new · upstream pending             –
    notes.counts       0  upstream pending                   –
    notes.outlines     0  upstream pending: about 1–5 units  –

    3 units to process · 0 as they are · about 2–6 more below pending upstreams

    Next: millrace run
    "
  `);
  const limited = [
    "notes",
    "--select",
    "notes.sections",
    "--include-documents",
    "**/*.md",
    "--full-refresh",
    "--limit",
    "1",
  ];
  expect((await run("plan", ...limited)).out).toMatch(
    /\nNext: millrace run notes --select notes\.sections --include-documents '\*\*\/\*\.md' --limit 1 --full-refresh\n$/,
  );
  const { code, out } = await run("run", "notes");
  expect(code).toBe(0);
  expect(out).toMatch(/done +notes\.headings +view · /);
  expect(out).toMatch(/done +notes\.counts +5 rows · /);
  expect((await run("show", "notes.headings", "--where", "heading=Lenses")).out).toMatchInlineSnapshot(`
    "heading
    Lenses

    1 row
    "
  `);
  expect((await run("migrate")).out).toMatchInlineSnapshot(`
    "✓ The tables match the models.
    "
  `);
});
