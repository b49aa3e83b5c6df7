import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

const PER_AREA = 15;

/** Writes a project of many models: areas of fifteen, each model in a file of its own, of all forms. */
export async function generateModels(directory: string, count: number): Promise<void> {
  const files: Record<string, string> = {
    "package.json": JSON.stringify({ name: "many-models", private: true, type: "module" }),
    "millrace.config.ts": CONFIG,
    "tsconfig.json": TSCONFIG,
    "lib/words.ts": "export const words = (text: string): string[] => text.split(/\\s+/);\n",
    "docs/one.md": "# One\n\nSome words.\n",
  };
  for (let index = 0; index < count; index += 1) files[fileOf(index)] = modelText(index);
  for (const [file, text] of Object.entries(files)) {
    await mkdir(dirname(join(directory, file)), { recursive: true });
    await writeFile(join(directory, file), text);
  }
}

const CONFIG = `import { defineConfig } from "millrace";

export default defineConfig({ documents: ["./docs/**/*.md"], selectors: { nightly: "tag:nightly+" } });
`;

const TSCONFIG = JSON.stringify({
  compilerOptions: {
    target: "es2023",
    module: "nodenext",
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: true,
    noEmit: true,
    allowImportingTsExtensions: true,
    types: ["node"],
  },
  include: ["models", "lib", "millrace.config.ts"],
});

const pad = (number: number) => String(number).padStart(3, "0");
const areaOf = (index: number) => `area${pad(Math.floor(index / PER_AREA))}`;
const fileOf = (index: number) => `models/${areaOf(index)}/model${pad(index)}.ts`;

const IMPORTS = `import { defineModel, defineSqlModel, documents, ref } from "millrace";
import { integer, json, pipelineTable, primaryKey, sql, text } from "millrace/schema";
import { z } from "zod";
import { words } from "../../lib/words.ts";
`;

/** The first of an area reads documents; every other one what the one before has written. */
function modelText(index: number): string {
  const name = `model${pad(index)}`;
  const place = index % PER_AREA;
  const shared = `  name: "${areaOf(index)}.${name}",
  tags: [${place % 4 === 0 ? '"nightly"' : ""}],
`;
  if (place === 0)
    return `${IMPORTS}${tableText(name)}export const ${name} = defineModel({
${shared}  table: ${name}Table,
  sources: { documents: documents({ content: true }) },
  forEach: "documents",
  config: z.object({ most: z.number().int().min(1).default(100) }),
  async run({ row, config }) {
    return words(row.content).slice(0, config.most).map((word, n) => ({ documentId: row.id, n, word, tags: [word] }));
  },
});
`;
  const before = `model${pad(index - 1)}`;
  const head = `${IMPORTS}import { ${before} } from "./${before}.ts";\n${tableText(name)}`;
  if (place % 5 === 1)
    return `${head}export const ${name} = defineModel({
${shared}  table: ${name}Table,
  sources: { given: ref(${before}, { columns: ["documentId", "n", "word"] }) },
  forEach: "given",
  async run({ row }) {
    return { ...row, word: words(row.word).join(" "), tags: [row.word] };
  },
});
`;
  if (place % 5 === 2)
    return `${head}export const ${name} = defineModel({
${shared}  table: ${name}Table,
  sources: { given: ref(${before}) },
  forEach: "given",
  by: ["documentId"],
  async run({ key, rows }) {
    return rows.map(({ n, word }) => ({ documentId: key.documentId, n, word, tags: words(word) }));
  },
});
`;
  if (place % 5 === 3)
    return `${head}export const ${name} = defineSqlModel({
${shared}  table: ${name}Table,
  sources: { given: ref(${before}) },
  sql: ({ given }) => sql\`select \${given.documentId}, \${given.n}, \${given.word}, \${given.tags} from \${given}\`,
});
`;
  return `${head}export const ${name} = defineModel({
${shared}  table: ${name}Table,
  sources: { given: ref(${before}) },
  async run({ sources, writer }) {
    for await (const { documentId, n, word } of sources.given) await writer.write({ documentId, n, word, tags: words(word) });
    return writer.receipt();
  },
});
`;
}

function tableText(name: string): string {
  return `
const ${name}Table = pipelineTable(
  "${name}",
  { documentId: text().notNull(), n: integer().notNull(), word: text().notNull(), tags: json(z.array(z.string())) },
  (t) => [primaryKey({ columns: [t.documentId, t.n] })],
);

`;
}
