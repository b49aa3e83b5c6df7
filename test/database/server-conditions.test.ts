import { expect, test } from "vitest";
import { openProject } from "millrace";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Database } from "../../src/database/connect.ts";
import { createEmptyDatabase } from "../support/test-database.ts";
import { createTestRole } from "../support/test-role.ts";
import { declareWords } from "../support/word-project.ts";

/** A run of a small project on a database, as a process of its own would have it. */
async function runWords(database: string, count = 3) {
  const directory = await mkdtemp(join(tmpdir(), "millrace-conditions-"));
  try {
    await mkdir(join(directory, "docs"));
    for (let index = 0; index < count; index += 1)
      await writeFile(join(directory, "docs", `${index}.md`), `word${index % 9}\nonly${index}`);
    const { calls, models } = declareWords();
    await using project = await openProject({ directory, database, models: [...models], documents: ["./docs"] });
    return { calls, result: await project.runPipeline() };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function createRoleDatabase(options = "") {
  const created = await createEmptyDatabase();
  const role = await createTestRole(created.url, options);
  const administer = async (...statements: string[]) => {
    await using database = new Database({ url: created.url, maxConnections: 1 });
    for (const statement of statements) await database.query(statement);
  };
  const name = new URL(created.url).pathname.slice(1);
  return {
    administer,
    name,
    role: role.name,
    url: role.url,
    async [Symbol.asyncDispose]() {
      await role[Symbol.asyncDispose]();
      await created[Symbol.asyncDispose]();
    },
  };
}

test("few connections make a run slow, and fail none of its units", async () => {
  await using given = await createRoleDatabase("connection limit 8");
  await given.administer(
    `grant create on database ${given.name} to ${given.role}`,
    `grant all on schema public to ${given.role}`,
  );
  const { calls, result } = await runWords(given.url, 60);
  expect(result).toMatchObject({ status: "succeeded", errors: {} });
  expect(calls.lines).toHaveLength(60);
});

test("a role that may not create schemas works in those that were made for it, and is told of those that were not", async () => {
  await using given = await createRoleDatabase();
  await expect(runWords(given.url)).rejects.toMatchObject({
    code: "DATABASE_PERMISSION",
    message: expect.stringContaining(`"${given.role}" may not create schemas in database "${given.name}"`) as string,
    hint: expect.stringContaining(`grant create on database "${given.name}" to "${given.role}"`) as string,
  });
  await given.administer(`create schema millrace authorization ${given.role}`);
  await expect(runWords(given.url)).rejects.toMatchObject({
    hint: expect.stringMatching(/schema "?public"? to/) as string,
  });
  await given.administer(`grant all on schema public to ${given.role}`);
  await expect(runWords(given.url)).rejects.toMatchObject({ message: expect.stringContaining('"dbos"') as string });
  await given.administer(`create schema dbos authorization ${given.role}`);
  expect((await runWords(given.url)).result).toMatchObject({ status: "succeeded" });
  expect((await runWords(given.url)).result).toMatchObject({ status: "succeeded" });
});

test("a database whose encoding is not UTF8 is refused before anything is made in it", async () => {
  await using created = await createEmptyDatabase();
  const name = `${new URL(created.url).pathname.slice(1)}_latin1`;
  await using server = new Database({ url: created.url });
  await server.query(`create database ${name} template template0 encoding 'LATIN1' locale 'C' locale_provider 'libc'`);
  const url = new URL(created.url);
  url.pathname = `/${name}`;
  try {
    await expect(runWords(url.href)).rejects.toMatchObject({
      code: "DATABASE_ENCODING",
      message: expect.stringMatching(/LATIN1.*UTF8/) as string,
      hint: expect.stringContaining("encoding 'UTF8'") as string,
    });
    await using database = new Database({ url: url.href });
    expect(await database.query("select to_regnamespace('millrace') as schema")).toEqual([{ schema: null }]);
  } finally {
    await server.query(`drop database ${name} with (force)`);
  }
});

test.each([
  ["a wrong password", (url: URL) => (url.password = "wrong"), "DATABASE_LOGIN_REFUSED", /DATABASE_URL/],
  ["a database that is not there", (url: URL) => (url.pathname = "/nowhere"), "DATABASE_NOT_FOUND", /create database/],
  ["a port where nobody is", (url: URL) => (url.port = "1"), "DATABASE_UNREACHABLE", /server is running/],
  [
    "encryption of a server without it",
    (url: URL) => (url.search = "sslmode=require"),
    "DATABASE_UNREACHABLE",
    /sslmode=prefer/,
  ],
])("%s is named, with the next step", async (_, change, code, hint) => {
  await using created = await createEmptyDatabase();
  const url = new URL(created.url);
  change(url);
  await using database = new Database({ url: url.href });
  await expect(database.query("select 1")).rejects.toMatchObject({
    code,
    hint: expect.stringMatching(hint) as string,
    message: expect.not.stringContaining("wrong") as string,
  });
});

test("a database that can only be read says so", async () => {
  await using given = await createRoleDatabase();
  await given.administer(
    `grant create on database ${given.name} to ${given.role}`,
    `alter role ${given.role} set default_transaction_read_only = on`,
  );
  await expect(runWords(given.url)).rejects.toMatchObject({ code: "DATABASE_READ_ONLY" });
});
