import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { createTestProject } from "millrace/testing";
import { loadExports } from "../../src/model/load/load-files.ts";
import { IDLE_REASONS, WORK_REASONS } from "../../src/run/units/unit-plan.ts";
import { isUnitTest } from "../../src/testing/unit-test.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

interface CodeBlock {
  /** In the folder of its page: the path that its first line is the first to name, or a number. */
  readonly path: string;
  readonly code: string;
}

async function codeBlocks(language: string): Promise<readonly CodeBlock[]> {
  const docs = (await readdir(join(root, "docs")).catch(() => [])).filter((file) => file.endsWith(".md"));
  const files = ["README.md", "ARCHITECTURE.md", ...docs.map((file) => join("docs", file))];
  const blocks = await Promise.all(
    files.map(async (file) => {
      const text = await readFile(join(root, file), "utf8");
      const found = text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, "gm"));
      const taken = new Set<string>();
      return [...found].map(([, code = ""], index) => {
        const named = /^\/\/ (\S+\.ts)\n/.exec(code)?.[1];
        const path = named === undefined || taken.has(named) ? `block-${index + 1}.ts` : named;
        taken.add(path);
        return { path: join(file.replaceAll(/\W/g, "-"), path), code };
      });
    }),
  );
  return blocks.flat();
}

test("every TypeScript block of the documentation compiles", { timeout: 60_000 }, async () => {
  const blocks = await codeBlocks("ts");
  expect(blocks.length).toBeGreaterThan(3);
  const directory = await mkdtemp(join(tmpdir(), "millrace-docs-"));
  try {
    await mkdir(join(directory, "node_modules"));
    await symlink(root, join(directory, "node_modules", "millrace"));
    for (const library of ["zod", "drizzle-orm", "@types"]) {
      await symlink(join(root, "node_modules", library), join(directory, "node_modules", library));
    }
    await writeFile(join(directory, "package.json"), JSON.stringify({ type: "module" }));
    const compilerOptions = {
      target: "es2023",
      module: "nodenext",
      lib: ["es2023", "esnext.disposable"],
      types: ["node"],
      strict: true,
      noEmit: true,
      allowImportingTsExtensions: true,
      skipLibCheck: true,
    };
    await writeFile(join(directory, "tsconfig.json"), JSON.stringify({ compilerOptions }));
    for (const { path, code } of blocks) {
      await mkdir(dirname(join(directory, path)), { recursive: true });
      await writeFile(join(directory, path), code);
    }
    const compile = promisify(execFile)(process.execPath, [
      join(root, "node_modules/typescript/bin/tsc"),
      "-p",
      directory,
    ]);
    expect(await compile.catch((error: { stdout: string }) => error.stdout)).toMatchObject({ stdout: "" });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

test("the models of the README run", async () => {
  const [models, query] = await codeBlocks("ts");
  await using project = await createTestProject({
    models: { readme: models?.code ?? "", query: query?.code ?? "" },
    documents: { "a.md": "# One\ntext\n# Two\nmore" },
  });
  const result = await project.project.runPipeline();
  expect(result.errors).toEqual({});
  expect(await project.query("select section_number, content from sections order by 1")).toEqual([
    { section_number: 1, content: "# One\ntext" },
    { section_number: 2, content: "# Two\nmore" },
  ]);
  expect(await project.query("select characters from document_sizes")).toEqual([{ characters: 20 }]);
  expect(await project.query("select content_type, documents from content_types")).toEqual([
    { content_type: "text/markdown", documents: 1 },
  ]);
});

test("the models of the reference run, and run again for what they say", async () => {
  const blocks = await codeBlocks("ts");
  const codeOf = (name: string) =>
    blocks.find(({ path }) => path === join("docs-models-md", "models", `${name}.ts`))?.code ?? "";
  await using test_ = await createTestProject({
    models: { notes: codeOf("notes"), repeated: codeOf("repeated"), totals: codeOf("totals") },
    documents: { "a.md": "one\ntwo", "b.md": "two\nthree" },
  });
  expect((await test_.project.runPipeline()).errors).toEqual({});
  expect(await test_.query("select content, times from repeated")).toEqual([{ content: "two", times: 2 }]);
  expect(await test_.query("select characters from totals order by 1")).toEqual([{ characters: 6 }, { characters: 8 }]);
  await test_.writeDocument("b.md", "two\nfour");
  const { models } = await test_.project.plan();
  expect(models[0]).toMatchObject({ model: "notes.lines", units: { changed: 1, unchanged: 1 } });
  const again = await test_.project.runPipeline();
  // "three" is gone, "four" is new, "two" has the same rows.
  expect(again.models["notes.repeated"]).toMatchObject({ unitsDone: 1, rowsWritten: 0 });
  expect(again.models["notes.totals"]).toMatchObject({ rowsWritten: 1, rowsUnchanged: 1 });
});

test("the reference of models names every option, reason and state there is", async () => {
  const page = await readFile(join(root, "docs/models.md"), "utf8");
  const files = ["define-model.ts", "shared-declaration.ts"].map((file) => join(root, "src/model", file));
  const declarations = (await Promise.all(files.map((file) => readFile(file, "utf8")))).join("\n");
  const interfaces = [...declarations.matchAll(/interface \w+Declaration<[^]*?> \{\n([^]*?)\n\}/g)];
  const options = interfaces.flatMap(([, members = ""]) =>
    [...members.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, name = ""]) => name),
  );
  expect(options.length).toBeGreaterThan(15);
  const states = ["done", "kept", "stale", "error", "quarantined", "interrupted", "stopped"];
  const words = [...options, ...WORK_REASONS, ...IDLE_REASONS, "deleted", ...states];
  expect(words.filter((word) => !page.includes(`\`${word}\``))).toEqual([]);
});

test("every page and heading that a comment points to is there", async () => {
  const files = (await readdir(join(root, "src"), { recursive: true })).filter((file) => file.endsWith(".ts"));
  const sources = await Promise.all(files.map((file) => readFile(join(root, "src", file), "utf8")));
  const links = new Set(
    sources.flatMap((text) => [...text.matchAll(/@see `(\S+\.md[^\s`]*)`/g)].map(([, link = ""]) => link)),
  );
  expect(links.size).toBeGreaterThan(5);
  for (const link of links) {
    const [page = "", anchor] = link.split("#");
    const headings = (await readFile(join(root, page), "utf8")).match(/^#+ .*$/gm) ?? [];
    const anchors = headings.map((heading) =>
      heading
        .replace(/^#+ /, "")
        .toLowerCase()
        .replaceAll(/[^\w\s-]/g, "")
        .replaceAll(/\s/g, "-"),
    );
    if (anchor !== undefined) expect(anchors, link).toContain(anchor);
  }
});

test("the page on reporters names every event", async () => {
  const page = await readFile(join(root, "docs/reporters.md"), "utf8");
  const source = await readFile(join(root, "src/state/run-events.ts"), "utf8");
  const events = [...source.matchAll(/readonly type: "(\w+)"/g)].map(([, name = ""]) => name);
  expect(events.length).toBeGreaterThan(10);
  expect(events.filter((event) => !page.includes(`| \`${event}\` `))).toEqual([]);
  // In the source each has a line of its own that says when it comes.
  expect(source.match(/^ {2}\/\*\* .*\n {2}\|/gm)).toHaveLength(events.length);
});

test("the reference of the config names every option there is", async () => {
  const page = await readFile(join(root, "docs/config.md"), "utf8");
  const source = await readFile(join(root, "src/model/project-config.ts"), "utf8");
  const options = [...source.matchAll(/interface \w+ConfigInput \{\n([^]*?)\n\}/g)].flatMap(([, members = ""]) =>
    [...members.matchAll(/^ {2}readonly (\w+)\?:/gm)].map(([, name = ""]) => name),
  );
  expect(options.length).toBeGreaterThan(20);
  expect(options.filter((option) => !page.includes(`\`${option}\``))).toEqual([]);
  const filters = await readFile(join(root, "src/model/context.ts"), "utf8");
  const [, own = ""] = /interface DocumentFilters \{\n([^]*?)\n\}/.exec(filters) ?? [];
  const names = [...own.matchAll(/^ {2}readonly (\w+)\?:/gm)].map(([, name = ""]) => name);
  expect(names.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
});

test("the seeds, tests and unit tests of the README pass", async () => {
  const blocks = await codeBlocks("ts");
  const codeOf = (path: string) => blocks.find((block) => block.path === join("README-md", path))?.code ?? "";
  await using project = await createTestProject({ models: { shop: codeOf("models/shop.ts") } });
  await writeFile(join(project.directory, "models", "shop.unit.ts"), codeOf("models/shop.unit.ts"));
  await mkdir(join(project.directory, "seeds"));
  await writeFile(join(project.directory, "seeds", "products.csv"), "sku,price\na,5\nb,7\n");
  await writeFile(join(project.directory, "seeds", "orders.csv"), "id,sku,status\n1,a,placed\n2,a,placed\n3,b,lost\n");
  const result = await project.project.runPipeline(undefined, { tests: true });
  expect(result.errors).toEqual({});
  expect(result.models["shop.orders"]?.tests).toMatchObject({ passed: 2, warned: 1 });
  expect(await project.query("select sku, total from sales order by 1")).toEqual([
    { sku: "a", total: 10 },
    { sku: "b", total: 7 },
  ]);
  const [{ exported } = { exported: {} }] = await loadExports(project.directory, "models/shop.unit.ts");
  const units = Object.values(exported).filter(isUnitTest);
  expect(units).toHaveLength(1);
  for (const unit of units) await unit.run();
});
