/** The files of a new project, by path. */
export function projectTemplate(options: {
  readonly name: string;
  readonly version: string;
}): Readonly<Record<string, string>> {
  return {
    "package.json": packageJson(options),
    "tsconfig.json": TSCONFIG,
    "millrace.config.ts": CONFIG,
    "models/sections.ts": SECTIONS,
    "models/outlines.ts": OUTLINES,
    "docs/tides.md": TIDES,
    "docs/lighthouses.md": LIGHTHOUSES,
    ".gitignore": "node_modules/\n.millrace/\ntarget/\n",
    "README.md": readme(options.name),
  };
}

function packageJson({ name, version }: { readonly name: string; readonly version: string }): string {
  const content = {
    name:
      name
        .toLowerCase()
        .replaceAll(/[^a-z0-9._-]+/g, "-")
        .replace(/^[._-]+/, "") || "millrace-project",
    version: "0.1.0",
    private: true,
    type: "module",
    scripts: { start: "millrace run", typecheck: "tsc" },
    dependencies: { millrace: `^${version}` },
    devDependencies: { "@types/node": "^20.19.0", typescript: "^7.0.2" },
  };
  return `${JSON.stringify(content, undefined, 2)}\n`;
}

const TSCONFIG = `{
  "compilerOptions": {
    "target": "es2022",
    "lib": ["es2023", "esnext.disposable"],
    "module": "nodenext",
    "types": ["node"],
    "strict": true,
    "noUncheckedIndexedAccess": true,
    "verbatimModuleSyntax": true,
    "allowImportingTsExtensions": true,
    "skipLibCheck": true,
    "noEmit": true
  },
  "include": ["models", "millrace.config.ts"]
}
`;

const CONFIG = `import { defineConfig } from "millrace";

export default defineConfig({
  models: "./models",
  documents: ["./docs/**/*.md"],
  // Without a DATABASE_URL an embedded Postgres keeps its data in .millrace/.
  database: process.env.DATABASE_URL,
});
`;

const SECTIONS = `import { defineModel, documents } from "millrace";
import { integer, pipelineTable, primaryKey, text } from "millrace/schema";

// A row model: one document in, its sections out. A document that has not changed is not processed again.
export const sections = defineModel({
  name: "notes.sections",
  description: "Documents, cut at their headings",
  table: pipelineTable(
    "notes_sections",
    {
      documentId: text().notNull(),
      position: integer().notNull(),
      heading: text(),
      words: integer().notNull(),
      content: text().notNull(),
    },
    (table) => [primaryKey({ columns: [table.documentId, table.position] })],
  ),
  sources: { documents: documents({ content: true }) },
  forEach: "documents",
  async run({ row: document }) {
    const parts = document.content.split(/^(?=#{1,6} )/m).filter((part) => part.trim() !== "");
    return parts.map((content, index) => ({
      documentId: document.id,
      position: index + 1,
      heading: /^#+ (.+)/.exec(content)?.[1] ?? null,
      words: content.split(/\\s+/).filter((word) => /\\w/.test(word)).length,
      content,
    }));
  },
});
`;

const OUTLINES = `import { defineModel, ref } from "millrace";
import { integer, pipelineTable, text } from "millrace/schema";
import { sections } from "./sections.ts";

// A group model: all sections of one document in, one row out.
export const outlines = defineModel({
  name: "notes.outlines",
  description: "What each document is about, and how long it is",
  table: pipelineTable("notes_outlines", {
    documentId: text().primaryKey(),
    headings: text().notNull(),
    sections: integer().notNull(),
    words: integer().notNull(),
  }),
  sources: { sections: ref(sections, { columns: ["documentId", "position", "heading", "words"] }) },
  forEach: "sections",
  by: ["documentId"],
  async run({ key, rows }) {
    const ordered = rows.toSorted((a, b) => a.position - b.position);
    return {
      documentId: key.documentId,
      headings: ordered.map((section) => section.heading ?? "(no heading)").join(" / "),
      sections: ordered.length,
      words: ordered.reduce((sum, section) => sum + section.words, 0),
    };
  },
});
`;

const TIDES = `# Tides

The sea rises and falls about twice a day.

## Why

The moon pulls the water nearest to it, and the earth away from the water on the far side.

## Spring and neap

When sun and moon pull in one line the range is largest; at right angles it is smallest.
`;

const LIGHTHOUSES = `# Lighthouses

A light on a tower tells ships where the coast is.

## Lenses

A Fresnel lens is cut into rings, so that a thin glass bends light as far as a thick one.
`;

function readme(name: string): string {
  return `# ${name}

A [Millrace](https://www.npmjs.com/package/millrace) project: models in \`models/\` turn the documents in \`docs/\` into tables.

\`\`\`sh
npm install
npx millrace run                    # process what changed
npx millrace show notes.outlines    # look at the rows
npx millrace graph                  # which model reads which
npx millrace new model notes.words  # write the next model
npm run typecheck
\`\`\`

Change a file in \`docs/\` and run again: only that document is processed.
`;
}
