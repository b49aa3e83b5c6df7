import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { defineModel, documents } from "millrace";
import { pipelineTable, text } from "millrace/schema";
import { type CodeFingerprint, createCodeFingerprints } from "../../../src/model/code/code-fingerprint.ts";

const MODEL = "docs.facts";
const FILE = "models/facts.ts";

const PROJECT: Readonly<Record<string, string>> = {
  [FILE]: `
import { defineModel, ref } from "millrace";
import { json, pipelineTable, text } from "millrace/schema";
import { z } from "zod";
import { answer } from "client";
import { clean } from "../lib/clean.ts";
import * as rank from "../lib/rank.ts";
import { STOP_WORDS, type Weight } from "../lib/index.ts";
import { sections } from "./sections.ts";

const PROMPT = "List the facts of this text.";
const YEAR = /\\b(19|20)\\d\\d\\b/;
const reply = z.object({ facts: z.array(z.string()) });
const signature = z.object({ input: z.string(), output: reply });
const config = z.object({ model: z.string().default("small") });
const table = pipelineTable("facts", { id: text().primaryKey(), facts: json(reply) });

export const facts = defineModel({
  name: "docs.facts",
  description: "What a section says",
  table,
  sources: { sections: ref(sections, { columns: ["id", "content"] }) },
  forEach: "sections",
  config,
  async run({ row, config: options }) {
    const content = clean(row.content);
    if (!YEAR.test(content)) return null;
    const { facts: found } = await answer(signature, \`\${PROMPT}\\n\${content}\`, options.model);
    const weight: Weight = found.length;
    return { id: row.id, facts: reply.parse(found.filter((fact) => !STOP_WORDS.has(fact))), rank: rank.of(weight) };
  },
});

const factCountTable = pipelineTable("fact_counts", { id: text().primaryKey() });
export const factCounts = defineModel({
  name: "docs.fact_counts",
  table: factCountTable,
  sources: { facts: ref(facts) },
  forEach: "facts",
  run: async ({ row }) => ({ id: count(row.id) }),
});

function count(id: string): string {
  return id + "!";
}
`,
  "models/sections.ts": `
import { defineModel, documents } from "millrace";
import { pipelineTable, text } from "millrace/schema";
import { split } from "../lib/split.ts";

export const sections = defineModel({
  name: "docs.sections",
  table: pipelineTable("sections", { id: text().primaryKey(), content: text() }),
  sources: { documents: documents({ content: true }) },
  forEach: "documents",
  run: async ({ row }) => split(row.content).map((content) => ({ id: row.id, content })),
});
`,
  "lib/clean.ts": `
import { trimAll } from "./trim.ts";
/** Takes out what is no text. */
export function clean(value: string): string {
  return trimAll(value).replaceAll("\\u0000", "");
}
export const unusedHere = (value: string) => value.length + 1;
`,
  "lib/trim.ts": `export const trimAll = (value: string): string => value.trim();\n`,
  "lib/split.ts": `export const split = (value: string): string[] => value.split("\\n");\n`,
  "lib/rank.ts": `export const of = (weight: number) => weight * 2;\nexport const other = () => 3;\n`,
  "lib/index.ts": `export * from "./words.ts";\nexport { split } from "./split.ts";\n`,
  "lib/words.ts": `export type Weight = number;\nexport const STOP_WORDS = new Set(["the", "a"]);\n`,
  "node_modules/zod/package.json": `{ "name": "zod", "version": "4.6.7" }`,
  "node_modules/client/package.json": `{ "name": "client", "version": "1.2.3" }`,
  "node_modules/millrace/package.json": `{ "name": "millrace", "version": "0.1.0" }`,
};

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "millrace-code-"));
  for (const [file, content] of Object.entries(PROJECT)) await write(file, content);
});
afterEach(() => rm(directory, { recursive: true, force: true }));

async function write(file: string, content: string): Promise<void> {
  await mkdir(dirname(join(directory, file)), { recursive: true });
  await writeFile(join(directory, file), content);
}

async function edit(file: string, ...replacements: readonly Replacement[]): Promise<void> {
  let content = await readFile(join(directory, file), "utf8");
  for (const [from, to] of replacements) {
    const edited = content.replaceAll(typeof from === "string" ? from : new RegExp(from, "g"), () => to);
    expect(edited, `${String(from)} in ${file}`).not.toBe(content);
    content = edited;
  }
  await write(file, content);
}

// The function itself is of no account while its file is known.
const modelOf = (name: string, run: () => Promise<null> = async () => null) =>
  defineModel({
    name,
    table: pipelineTable("any", { id: text().primaryKey() }),
    sources: { documents: documents() },
    forEach: "documents",
    run,
  });

const fingerprint = (model = MODEL, file: string | undefined = FILE): Promise<CodeFingerprint> =>
  createCodeFingerprints(directory).of(modelOf(model), file);

type Replacement = readonly [string | RegExp, string];
type Edit = readonly [title: string, file: string, ...replacements: Replacement[]];

describe("the code stays the same when somebody", () => {
  const edits: readonly Edit[] = [
    ["renames a variable", FILE, [/\bcontent\b(?=[ ),}])/, "cleaned"], ["row.cleaned", "row.content"]],
    ["renames a parameter", FILE, ["config: options", "config: parameters"], ["options.model", "parameters.model"]],
    ["renames a constant", FILE, ["PROMPT", "a_prompt"]],
    ["gives a constant the name of a variable", FILE, ["YEAR", "found2"], ["reply", "weights"]],
    ["renames an import", FILE, ["{ clean }", "{ clean as scrub }"], ["clean(row", "scrub(row"]],
    [
      "reformats",
      FILE,
      [";\n", "\n"],
      ["  ", "\t"],
      ["async run({ row, config: options }) {", "async run( {row,\nconfig: options,} )\n{"],
    ],
    ["writes quotes otherwise", FILE, ['"List the facts of this text."', "'List the facts of this text.'"]],
    ["comments", FILE, ["    const content", "    // A comment.\n    /** Another. */ const content"]],
    ["annotates a type", FILE, ["const content =", "const content: string ="]],
    ["edits a sibling's function", FILE, ["count(row.id)", "count(row.id + 7)"]],
    ["edits a sibling's helper", FILE, ['id + "!"', 'id + "?"']],
    ["edits a sibling's table", FILE, ["fact_counts", "counts_of_facts"]],
    ["edits the description", FILE, ["What a section says", "Facts"]],
    ["edits the table", FILE, ["id: text().primaryKey(), facts", "id: text().primaryKey(), more: text(), facts"]],
    ["edits parameters, which count by their values", FILE, ['default("small")', 'default("big")']],
    ["reads other columns, which count by their values", FILE, ['["id", "content"]', '["id"]']],
    ["edits an upstream model", "models/sections.ts", ["id: row.id, content", "id: row.id + content, content"]],
    [
      "lets an upstream model import what this one does",
      "models/sections.ts",
      [
        "\nexport",
        '\nimport { of } from "../lib/rank.ts";\nimport { trimAll } from "../lib/trim.ts";\nexport const x = [of(1), trimAll("")];\nexport',
      ],
    ],
    [
      "lets an upstream model do more when it is loaded",
      "models/sections.ts",
      ["\nexport", '\nconsole.log("loaded");\nexport'],
    ],
    ["edits a helper of an upstream model", "lib/split.ts", ['"\\n"', '"\\r"']],
    ["edits an unused helper", "lib/clean.ts", ["value.length + 1", "value.length + 2"]],
    [
      "adds an unused helper",
      "lib/trim.ts",
      ["export", 'import { of } from "./rank.ts";\nexport const added = of(3);\nexport'],
    ],
    ["edits another export of a module read by name", "lib/rank.ts", ["() => 3", "() => 4"]],
    [
      "orders imports otherwise",
      FILE,
      ['import { clean } from "../lib/clean.ts";\n', ""],
      ['import { z } from "zod";\n', 'import { clean } from "../lib/clean.ts";\nimport { z } from "zod";\n'],
      ["json, pipelineTable, text", "text, json, pipelineTable"],
    ],
    [
      "moves a constant",
      FILE,
      ['const PROMPT = "List the facts of this text.";\n', ""],
      ["const table =", 'const PROMPT = "List the facts of this text.";\nconst table ='],
    ],
    [
      "names a model by a constant",
      FILE,
      ['name: "docs.facts"', "name: `${SPACE}.facts`"],
      ["const PROMPT", 'const SPACE = "docs";\nconst PROMPT'],
    ],
    ["installs a patch of a package", "node_modules/zod/package.json", ["4.6.7", "4.6.8"]],
    ["installs another Millrace", "node_modules/millrace/package.json", ["0.1.0", "0.2.0"]],
  ];
  test.each(edits.map((edit) => [edit[0], edit] as const))("%s", async (_title, [, file, ...replacements]) => {
    const before = await fingerprint();
    await edit(file, ...replacements);
    expect((await fingerprint()).code).toBe(before.code);
  });

  test("gives variables and helpers each other's names", async () => {
    const before = await fingerprint();
    await edit("lib/clean.ts", ["value", "trimmed"], ["function clean", "function value"]);
    await edit("lib/trim.ts", [
      "trimAll = (value: string): string => value",
      "content = (reply: string): string => reply",
    ]);
    await edit("lib/clean.ts", ["trimAll", "content"]);
    await edit(FILE, ["{ clean }", "{ value as clean }"]);
    expect((await fingerprint()).code).toBe(before.code);
  });

  test("moves a helper to another file", async () => {
    const before = await fingerprint();
    await write("lib/whitespace.ts", PROJECT["lib/trim.ts"]!);
    await rm(join(directory, "lib/trim.ts"));
    await edit("lib/clean.ts", ["./trim.ts", "./whitespace.ts"]);
    expect((await fingerprint()).code).toBe(before.code);
  });
});

describe("the code changes when somebody", () => {
  const edits: readonly Edit[] = [
    ["edits the function", FILE, ["found.length", "found.length + 1"]],
    ["edits a helper", "lib/clean.ts", ['"\\u0000"', '"\\u0001"']],
    ["edits a helper's helper", "lib/trim.ts", ["trim()", "trimEnd()"]],
    ["edits a helper of a module read by name", "lib/rank.ts", ["weight * 2", "weight * 3"]],
    ["edits a constant behind a re-export", "lib/words.ts", ['"the", "a"', '"the"']],
    ["edits a prompt", FILE, ["List the facts", "List all facts"]],
    ["edits a regular expression", FILE, ["(19|20)", "(18|19|20)"]],
    ["edits a schema", FILE, ["z.array(z.string())", "z.array(z.string().min(3))"]],
    ["edits a signature", FILE, ["input: z.string()", 'input: z.string().describe("A text")']],
    ["installs a minor version of a package", "node_modules/zod/package.json", ["4.6.7", "4.7.0"]],
    ["installs a major version of a package", "node_modules/client/package.json", ["1.2.3", "2.2.3"]],
  ];
  test.each(edits.map((edit) => [edit[0], edit] as const))("%s", async (_title, [, file, ...replacements]) => {
    const before = await fingerprint();
    await edit(file, ...replacements);
    const after = await fingerprint();
    expect(after.code).not.toBe(before.code);
    expect(after.source).not.toBe(before.source);
  });
});

/** A model in a file of its own, with what else stands there. */
const declare = (declaration: string, rest = "") =>
  `import { defineModel } from "millrace";\n${rest}\nexport const one = defineModel({ name: "docs.one", description: "One", ${declaration} });\n`;

describe("the function is found when", () => {
  const helper = "export const change = (value: string) => value + 1;\n";
  const runHelper = `import { change } from "../lib/change.ts";\nexport async function run({ row }) { return change(row.id); }\n`;
  const imported = `import { change } from "../lib/change.ts";\n`;

  test.each<readonly [title: string, files: Readonly<Record<string, string>>]>([
    ["it is a method", { "models/one.ts": declare("async run({ row }) { return change(row.id); }", imported) }],
    ["it is an arrow function", { "models/one.ts": declare("run: async ({ row }) => change(row.id)", imported) }],
    ["it has a name of its own", { "models/one.ts": declare("run", runHelper) }],
    [
      "it is imported",
      {
        "lib/run.ts": runHelper,
        "models/one.ts": declare("run: work", `import { run as work } from "../lib/run.ts";`),
      },
    ],
    [
      "it imports what it needs when it needs it",
      { "models/one.ts": declare('async run({ row }) { return (await import("../lib/change.ts")).change(row.id); }') },
    ],
    [
      "another file exports the model too",
      {
        "models/one.ts": `export * from "./two.ts";\n`,
        "models/two.ts": declare("async run({ row }) { return change(row.id); }", imported),
      },
    ],
    [
      "the model is the file's default export",
      {
        "models/one.ts": declare("async run({ row }) { return change(row.id); }", imported).replace(
          "export const one =",
          "export default",
        ),
      },
    ],
    [
      "defineModel has another name",
      {
        "models/one.ts": declare("async run({ row }) { return change(row.id); }", imported)
          .replace("{ defineModel }", "{ defineModel as model }")
          .replace("= defineModel(", "= model("),
      },
    ],
    [
      "a function of the project declares the model",
      {
        "lib/make.ts": `import { defineModel } from "millrace";\n${imported}
export const make = (name: string) => defineModel({ name, description: "One", run: async ({ row }) => change(row.id) });\n`,
        "models/one.ts": `import { make } from "../lib/make.ts";\nexport const one = make("docs.one");\n`,
      },
    ],
    [
      "the declaration is put together",
      {
        "models/one.ts": declare("...shared", `${imported}const shared = { run: async ({ row }) => change(row.id) };`),
      },
    ],
  ])("%s", async (_title, files) => {
    for (const [file, content] of Object.entries({ "lib/change.ts": helper, ...files })) await write(file, content);
    const code = async () => (await fingerprint("docs.one", "models/one.ts")).code;
    const before = await code();
    // Of a module that is imported while a unit runs, every export counts.
    const added = files["models/one.ts"]?.includes("await import") === true ? "" : "export const added = 1;\n";
    await write("lib/change.ts", `${helper}${added}// A comment.\n`.replace(/value\b/g, "given"));
    expect(await code()).toBe(before);
    for (const file of Object.keys(files)) await write(file, files[file]!.replace('"One"', '"The first"'));
    expect(await code()).toBe(before);
    await write("lib/change.ts", helper.replace("1", "2"));
    expect(await code()).not.toBe(before);
  });
});

describe("what else a function is made of counts:", () => {
  test.each<readonly [title: string, rest: string, run: string, file: string, before: string, after: string]>([
    ["a file of JSON", 'import words from "./words.json";', "words", "models/words.json", '["a"]', '["b"]'],
    [
      "a module that is loaded for its effect",
      'import "./set.ts";',
      "1",
      "models/set.ts",
      "globalThis.a = 1",
      "globalThis.a = 2",
    ],
    [
      "a prompt in a file beside the code",
      'import { readFileSync } from "node:fs";\nconst prompt = readFileSync(new URL("./prompt.md", import.meta.url), "utf8");',
      "prompt",
      "models/prompt.md",
      "Be brief.",
      "Be exact.",
    ],
    [
      "a module that package.json names",
      'import { a } from "#lib/a.ts";',
      "a",
      "lib/a.ts",
      "export const a = 1",
      "export const a = 2",
    ],
    ["a module of CommonJS", 'import a from "./a.cjs";', "a.b", "models/a.cjs", "exports.b = 1", "exports.b = 2"],
    [
      "a constant that is filled after its declaration",
      'import { words } from "./words.ts";',
      "words.b",
      "models/words.ts",
      'export const words = {}; words.b = "c";',
      'export const words = {}; words.b = "d";',
    ],
    [
      "a class",
      'import { A } from "./a.ts";',
      "new A()",
      "models/a.ts",
      "export class A { b = 1 }",
      "export class A { b = 2 }",
    ],
    ["an enum", 'import { A } from "./a.ts";', "A.B", "models/a.ts", "export enum A { B }", "export enum A { B = 2 }"],
  ])("%s", async (_title, rest, run, file, before, after) => {
    await write("package.json", '{ "type": "module", "imports": { "#lib/*": "./lib/*" } }');
    await write("models/one.ts", declare(`run: async () => ${run}`, rest));
    await write(file, before);
    const first = await fingerprint("docs.one", "models/one.ts");
    await write(file, after);
    const second = await fingerprint("docs.one", "models/one.ts");
    expect(second.source).not.toBe(first.source);
    expect(second.code).not.toBe(first.code);
  });

  test("the version of a package that is loaded when it is needed", async () => {
    const load = 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);';
    await write("models/one.ts", declare('run: async () => require("client")', load));
    const first = await fingerprint("docs.one", "models/one.ts");
    await edit("node_modules/client/package.json", ["1.2.3", "1.3.0"]);
    expect((await fingerprint("docs.one", "models/one.ts")).code).not.toBe(first.code);
  });

  test("a package that is linked into the project", async () => {
    await write("packages/shared/package.json", '{ "name": "shared", "type": "module", "exports": "./shared.ts" }');
    await write("packages/shared/shared.ts", "export const a = (value: number) => value + 1; export const b = 1;");
    await symlink(join(directory, "packages/shared"), join(directory, "node_modules/shared"));
    await write("models/one.ts", declare("run: async () => a(1)", 'import { a } from "shared";'));
    const first = await fingerprint("docs.one", "models/one.ts");
    await edit("packages/shared/shared.ts", ["b = 1", "b = 2"]);
    expect((await fingerprint("docs.one", "models/one.ts")).code).toBe(first.code);
    await edit("packages/shared/shared.ts", ["value + 1", "value + 2"]);
    const second = await fingerprint("docs.one", "models/one.ts");
    expect(second.source).not.toBe(first.source);
    expect(second.code).not.toBe(first.code);
  });
});

describe("a model of which no file is known counts by its function:", () => {
  const of = (run: () => Promise<null>) =>
    createCodeFingerprints(directory).of(modelOf("any", run), "the calling code");

  test("a name of a variable makes other text but the same code", async () => {
    const [first, second] = [
      (value = 1) => Promise.resolve(value > 0 ? null : null),
      (other = 1) => Promise.resolve(other > 0 ? null : null),
    ];
    const [one, two] = [await of(first), await of(second)];
    expect(two.source).not.toBe(one.source);
    expect(two.code).toBe(one.code);
  });

  test("methods and functions alike", async () => {
    const one = await of({ run: async () => null }.run);
    const method = {
      async run(this: void) {
        await Promise.resolve();
        return null;
      },
    };
    const two = await of(method.run);
    expect(one.code).not.toBe(one.source);
    expect(two.code).not.toBe(two.source);
    expect(two.code).not.toBe(one.code);
  });
});

describe("digests of code are kept between processes", () => {
  const cached = () => readdir(join(directory, "node_modules/.cache/millrace/code"));

  test("until what they are made of changes", async () => {
    const first = await fingerprint();
    expect(await cached()).toHaveLength(1);
    const [name = ""] = await cached();
    const file = `node_modules/.cache/millrace/code/${name}`;
    await write(file, (await readFile(join(directory, file), "utf8")).replace(first.code, "kept"));
    expect(await fingerprint()).toEqual({ ...first, code: "kept" });
    await edit("lib/trim.ts", ["value", "given"]);
    const second = await fingerprint();
    expect(second.source).not.toBe(first.source);
    expect(second.code).toBe(first.code);
    expect(await cached()).toEqual([name]);
  });

  test("for every model of a file", async () => {
    const [first, second] = [await fingerprint(), await fingerprint("docs.fact_counts")];
    expect(second.source).toBe(first.source);
    expect(second.code).not.toBe(first.code);
    expect([await fingerprint(), await fingerprint("docs.fact_counts")]).toEqual([first, second]);
    expect(await cached()).toHaveLength(2);
  });

  test("unless MILLRACE_CACHE is off", async () => {
    vi.stubEnv("MILLRACE_CACHE", "off");
    await fingerprint();
    await expect(cached()).rejects.toThrow("ENOENT");
    vi.unstubAllEnvs();
  });
});

test("a project that is copied elsewhere has the same digests", async () => {
  const first = await fingerprint();
  const copy = join(directory, "copy");
  for (const [file, content] of Object.entries(PROJECT)) await write(join("copy", file), content);
  expect(await createCodeFingerprints(copy).of(modelOf(MODEL), FILE)).toEqual(first);
});

test("a file that the tools cannot read counts by its text", async () => {
  await write("models/one.ts", "export const = ;");
  const { source, code } = await fingerprint("docs.one", "models/one.ts");
  expect(code).toBe(source);
});

describe("a model asks a language model", () => {
  const asks = async () => (await fingerprint()).asksLlm;
  const rewrite = async (run: string) =>
    write(FILE, (PROJECT[FILE] ?? "").replace(/async run\(\{ row[^]*?\n {2}\},\n\}\);/, `${run},\n});`));

  test("when a helper in another file does", async () => {
    expect(await asks()).toBe(false);
    await write("lib/ask.ts", `export const ask = (input) => input.llm.predict("facts", input.row);\n`);
    await rewrite('run: async (input) => (await import("../lib/ask.ts")).ask(input)');
    expect(await asks()).toBe(true);
    // The second time it is known without the tools.
    expect(await asks()).toBe(true);
  });

  test("and not when a model does that it reads", async () => {
    await write("models/sections.ts", (PROJECT["models/sections.ts"] ?? "").replace("({ row })", "({ row, llm })"));
    expect(await asks()).toBe(false);
  });
});
