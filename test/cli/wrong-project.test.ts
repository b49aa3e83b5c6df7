import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { createTestDatabase } from "../support/test-database.ts";
import { createFolder, runCli } from "./run-cli.ts";

const model = (name: string, { imports = "", sources = "" } = {}) => `
import { defineModel, ref } from "millrace";
import { integer, pipelineTable } from "millrace/schema";
${imports}
export const ${name} = defineModel({
  name: "shop.${name}",
  table: pipelineTable("${name}", { id: integer().primaryKey() }),
  sources: { ${sources} },
  async run({ writer }) { return writer.receipt(); },
});
`;

interface WrongProject {
  readonly files: Readonly<Record<string, string>>;
  readonly code: number;
  /** In the order in which they are to be read. */
  readonly says: readonly (string | RegExp)[];
}

const PROJECTS: Readonly<Record<string, WrongProject>> = {
  "a config file with a syntax error": {
    files: { "millrace.config.ts": "export default { models: ./models };" },
    code: 2,
    says: ["millrace.config.ts:1:26", "FILE_SYNTAX", "→"],
  },
  "a config file with settings that do not exist, or have the wrong type": {
    files: { "millrace.config.ts": "export default { model: './models', documents: 3 };" },
    code: 2,
    says: ["CONFIG_INVALID", "documents", /\bmodel\n.*Did you mean "models"/],
  },
  "a config file without a default export": {
    files: { "millrace.config.ts": "export const config = { database: 'postgres://elsewhere/shop' };" },
    code: 2,
    says: ["millrace.config.ts has no default export", "CONFIG_INVALID", "→"],
  },
  "a config file that exports null": {
    files: { "millrace.config.ts": "export default null;" },
    code: 2,
    says: ["millrace.config.ts exports null", "CONFIG_INVALID"],
  },
  "a model file with a syntax error": {
    files: { "models/orders.ts": "export const orders = defineModel({" },
    code: 2,
    says: ["models/orders.ts", "→"],
  },
  "an import that this package has elsewhere, or under another name": {
    files: {
      "models/a.ts": model("orders", { imports: 'import { sql, defineSqlModle } from "millrace";' }).replace(
        "sources: {  }",
        "sources: {}, meta: { sql, defineSqlModle }",
      ),
    },
    code: 2,
    says: [
      /models\/a\.ts:4:\d+\n.*"sql" is not exported by "millrace"\. Import it from "millrace\/schema"/,
      'Did you mean "defineSqlModel"?',
      "FILE_FAILED",
    ],
  },
  "two models of one name": {
    files: { "models/a.ts": model("orders"), "models/b.ts": model("orders") },
    code: 2,
    says: ["shop.orders", "models/a.ts", "models/b.ts", "→"],
  },
  "models that import each other": {
    files: {
      "models/a.ts": model("a", { imports: 'import { b } from "./b.ts";', sources: "b: ref(b)" }),
      "models/b.ts": model("b", { imports: 'import { a } from "./a.ts";', sources: "a: ref(a)" }),
    },
    code: 2,
    says: [/import/, "→"],
  },
  "models that read each other by name": {
    files: {
      "models/a.ts": model("a", { sources: 'b: ref("shop.b")' }),
      "models/b.ts": model("b", { sources: 'a: ref("shop.a")' }),
    },
    code: 2,
    says: [/shop\.a → shop\.b → shop\.a|shop\.b → shop\.a → shop\.b/, "→"],
  },
  "a model that reads one that is not there": {
    files: { "models/a.ts": model("orders"), "models/b.ts": model("totals", { sources: 'orders: ref("shop.order")' }) },
    code: 2,
    says: ["shop.totals", "shop.order", 'Did you mean "shop.orders"', "→"],
  },
  "a model that reads one that is not exported": {
    files: {
      "models/a.ts": model("totals", {
        imports: model("orders")
          .replace(/^import.*$/gm, "")
          .replace("export const", "const"),
        sources: "orders: ref(orders)",
      }),
    },
    code: 2,
    says: ["shop.orders", "MODEL_NOT_EXPORTED", "→", "export"],
  },
  "a model with an option that does not exist, and one that cannot be": {
    files: {
      "models/a.ts": model("orders", { sources: "}, forEac: 'x', concurrency: 0, meta: {" }),
    },
    code: 2,
    says: ["models/a.ts:5", "shop.orders", "MODEL_INVALID", "concurrency", /forEac\n.*Did you mean "forEach"/, "→"],
  },
  "a table that declares a column which every table has": {
    files: { "models/a.ts": model("orders").replace("id: integer()", "updatedAt: integer(), id: integer()") },
    code: 2,
    says: ["models/a.ts:7", 'Table "orders" declares "updatedAt"', "COLUMN_RESERVED", "→"],
  },
  "groups of no source": {
    files: { "models/a.ts": model("orders", { sources: "}, by: ['id'], meta: {" }) },
    code: 2,
    says: ["BY_WITHOUT_FOR_EACH", /shop\.orders {2}models\/a\.ts/, "forEach", "→"],
  },
  "a reference to a column that does not exist": {
    files: {
      "models/a.ts": model("orders"),
      "models/b.ts": model("totals", { sources: 'orders: ref("shop.orders", { columns: ["idd"] })' }),
    },
    code: 2,
    says: ["shop.totals", "idd", "shop.orders", "→"],
  },
};

async function writeProject(path: string, files: Readonly<Record<string, string>>): Promise<void> {
  const all = { "millrace.config.ts": 'export default { models: "./models" };', "models/none.ts": "", ...files };
  for (const [name, content] of Object.entries(all)) {
    await mkdir(dirname(join(path, name)), { recursive: true });
    await writeFile(join(path, name), content);
  }
}

test.concurrent.for(Object.entries(PROJECTS))("%s is one clear message with the next step", async ([, project]) => {
  await using folder = await createFolder();
  await using database = await createTestDatabase();
  await writeProject(folder.path, project.files);
  const { code, stdout, stderr } = await runCli(["run"], { cwd: folder.path, env: { DATABASE_URL: database.url } });
  expect(stderr).not.toBe("");
  expect({ code, stdout }, stderr).toEqual({ code: project.code, stdout: "" });
  for (const part of project.says) expect(stderr).toMatch(part);
  expect(stderr.match(/^✗/gm)).toHaveLength(1);
  expect(stderr).not.toMatch(/^ {4}at /m);
});

test("a database that cannot be reached, or whose URL is none, is named without its password", async () => {
  await using folder = await createFolder();
  await writeProject(folder.path, { "models/a.ts": model("orders") });
  const say = async (url: string) => {
    const { code, stderr } = await runCli(["run"], { cwd: folder.path, env: { DATABASE_URL: url } });
    expect(stderr).not.toContain("secret");
    expect(stderr).not.toMatch(/^ {4}at /m);
    return { code, stderr };
  };
  expect(await say("postgres://me:secret@127.0.0.1:1/shop")).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/127\.0\.0\.1:1\/shop[^]*DATABASE_UNREACHABLE[^]*→/) as string,
  });
  expect(await say("not a url, secret")).toMatchObject({ code: 2, stderr: expect.stringContaining("→") as string });
});

test("a file where the folder of the embedded database would be is named, with the way out", async () => {
  await using folder = await createFolder();
  await writeProject(folder.path, { "models/a.ts": model("orders"), ".millrace": "in the way" });
  const { code, stderr } = await runCli(["run"], { cwd: folder.path });
  expect(code, stderr).not.toBe(0);
  expect(stderr).toContain(join(folder.path, ".millrace"));
  expect(stderr).toContain("→");
  expect(stderr).not.toMatch(/^ {4}at /m);
});

test("a query that is none is wrong use; a model of that name or table is not written twice; idle files are named", async () => {
  await using folder = await createFolder();
  await using database = await createTestDatabase();
  await writeProject(folder.path, {
    "models/a.ts": `
import { defineSqlModel } from "millrace";
import { integer, pipelineTable } from "millrace/schema";
export const orders = defineSqlModel({
  name: "shop.orders",
  table: pipelineTable("orders", { id: integer().primaryKey() }),
  sources: {},
  sql: () => undefined as never,
});`,
  });
  const say = (...args: string[]) => runCli(args, { cwd: folder.path, env: { DATABASE_URL: database.url } });
  const compiled = await say("compile", "shop.orders");
  expect(compiled).toMatchObject({ code: 2, stdout: "" });
  expect(compiled.stderr).toContain('`sql` of model "shop.orders" does not return a query');
  expect(compiled.stderr).toContain("models/none.ts exports no model");
  for (const name of ["shop.orders", "orders"]) {
    const written = await say("new", "model", name);
    expect(written).toMatchObject({ code: 2, stdout: "" });
    expect(written.stderr).toContain("DUPLICATE_MODEL");
  }
});

test("a model that no file exports is pointed out, and the others are there", async () => {
  await using folder = await createFolder();
  await writeProject(folder.path, {
    "models/a.ts": model("orders").replace("export const", "const"),
    "models/b.ts": model("totals"),
  });
  const { code, stdout, stderr } = await runCli(["ls"], { cwd: folder.path });
  expect(code, stderr).toBe(0);
  expect(stderr).toContain("shop.orders is defined but not exported");
  expect(stdout).toContain("shop.totals");
  expect(stdout).not.toContain("shop.orders");
});
