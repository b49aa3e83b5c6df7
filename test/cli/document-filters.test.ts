import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Database } from "../../src/database/connect.ts";
import { createTestDatabase } from "../support/test-database.ts";
import { createFolder, runCli } from "./run-cli.ts";

const CONFIG = `
import { defineConfig } from "millrace";
import { sql } from "millrace/schema";

console.log("loading the config");
export default defineConfig({
  documents: ["./docs/**/*.md"],
  documentFilters: {
    "with-topic": {
      description: "Only documents about this topic",
      valueHint: "topic",
      select: (topic) => sql\`select document_id from topics where topic = \${topic}\`,
    },
    "of-length": (length) => sql\`select id from millrace.documents where length(title) = \${length}::int\`,
  },
});
`;

test("a project's own document filters are options of the commands that choose documents", async () => {
  await using folder = await createFolder();
  await using own = await createTestDatabase();
  await using database = new Database({ url: own.url });
  const millrace = (...args: string[]) => runCli(args, { cwd: folder.path, env: { DATABASE_URL: own.url } });
  await millrace("init", ".");
  await writeFile(join(folder.path, "millrace.config.ts"), CONFIG);

  const before = await millrace("run", "--with-topic", "Tides");
  expect(before).toMatchObject({ code: 1, stderr: expect.stringContaining("[FILTER_FAILED]") as string });
  expect((await millrace("run")).code).toBe(0);
  await database.query(
    "create table topics as select id as document_id, 'Tides' as topic from millrace.documents order by path limit 1",
  );
  const [one] = await database.query<{ id: string }>("select document_id as id from topics");

  const { stdout } = await millrace("documents", "ls", "--with-topic", "Tides", "--json");
  expect((JSON.parse(stdout) as { id: string }[]).map(({ id }) => id)).toEqual([one?.id]);
  const run = await millrace("run", "--with-topic=Tides", "--full-refresh", "--json");
  expect(run.stdout).toContain('"unitsDone":1');
  const plan = await millrace("plan", "--full-refresh", "--with-topic", "Tides");
  expect(plan).toMatchObject({ code: 0, stderr: expect.stringContaining("--with-topic Tides") as string });

  // A value that no document has selects none.
  const none = await millrace("run", "--with-topic", "Tide", "--full-refresh");
  expect(none.code).toBe(0);
  expect(none.stdout).toContain("No document passes the filters");
  expect(await millrace("documents", "ls", "--with-topic", "Tide")).toMatchObject({
    code: 0,
    stderr: expect.stringContaining("No document passes the filters") as string,
  });

  expect(await millrace("run", "--with-topc", "Tides")).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('no option --with-topc. Did you mean "--with-topic"?') as string,
  });
  for (const command of [["run"], ["build"], ["plan"], ["documents", "ls"]]) {
    const help = await millrace(...command, "--help");
    expect(help.stdout, command.join(" ")).toMatch(
      /^Document filters of this project\n +--with-topic <topic> +Only documents about this topic\n +--of-length <value> +\S/m,
    );
    expect(help.stdout).not.toContain("loading the config");
  }
  expect((await millrace("test", "--help")).stdout).not.toContain("--with-topic");
  const elsewhere = await runCli(["run", "--help", "--project", folder.path]);
  expect(elsewhere.stdout).toContain("--with-topic");
});

test("help needs no project, and none that can be loaded", async () => {
  await using folder = await createFolder();
  const outside = await runCli(["run", "--help"], { cwd: folder.path });
  expect(outside).toMatchObject({ code: 0, stderr: "" });
  expect(outside.stdout).not.toContain("Document filters of this project");
  expect(await runCli(["run", "--with-topic", "Tides"], { cwd: folder.path })).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("no option --with-topic") as string,
  });

  await writeFile(join(folder.path, "millrace.config.ts"), "export default {;");
  const broken = await runCli(["run", "--help"], { cwd: folder.path });
  expect(broken.code).toBe(0);
  expect(broken.stdout).toBe(outside.stdout);
  expect(broken.stderr).toMatch(/The filters of this project are not listed: [^]*millrace\.config\.ts:1:/);

  await writeFile(
    join(folder.path, "millrace.config.ts"),
    'export default { documentFilters: { "max-cost": () => undefined } };',
  );
  expect(await runCli(["run", "--with-topic", "Tides"], { cwd: folder.path })).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('Document filter "max-cost" has the name of an option, --max-cost.') as string,
  });
});

test.each([
  ["entity: () => undefined", /documentFilters\.entity\n +expected at least two lower-case words joined by "-"/],
  ['"with-topic": "select 1"', /documentFilters\.with-topic\n +expected a function/],
  [
    '"with-topic": { selct: () => undefined }',
    /documentFilters\.with-topic\.selct\n +unknown option\. Did you mean "select"/,
  ],
])("the config refuses { %s }", async (filters, message) => {
  await using folder = await createFolder();
  await writeFile(join(folder.path, "millrace.config.ts"), `export default { documentFilters: { ${filters} } };`);
  const { code, stderr } = await runCli(["ls"], { cwd: folder.path });
  expect(code).toBe(2);
  expect(stderr).toMatch(message);
});
