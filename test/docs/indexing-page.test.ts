import { exec } from "node:child_process";
import { cp, mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { Database } from "../../src/database/connect.ts";
import { REPOSITORY, runCli } from "../cli/run-cli.ts";
import { createTestDatabase } from "../support/test-database.ts";

/** Stands in the page for any lines, also none. */
const ELLIPSIS = "…";

async function copyExample(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), "millrace-page-"));
  const example = join(REPOSITORY, "examples/indexing");
  await cp(example, path, { recursive: true, filter: (file) => !file.startsWith(join(example, ".millrace")) });
  await symlink(join(REPOSITORY, "node_modules"), join(path, "node_modules"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

async function readPage() {
  const page = await readFile(join(REPOSITORY, "docs/indexing.md"), "utf8");
  const blocks = [...page.matchAll(/^```(\w*)\n([\s\S]*?)^```/gm)];
  return blocks.map(([, language = "", text = ""]) => ({ language, text }));
}

/**
 * What is never the same twice: durations, runs, their age, how wide that makes a column, and which texts of two models
 * met in one call for embeddings.
 */
const timeless = (line: string) =>
  line
    .replaceAll(/\d+(\.\d+)?m?s\b|\d+m \d+s/g, "<time>")
    .replaceAll(/\b\d{8}-\d{6}(-[0-9a-f]{6})?\b/g, "<run>")
    .replaceAll(/(\d+ (second|minute)s? ago|just now)/g, "<age>")
    .replaceAll(/[\d,]+ calls( \(\d+ cached\))? · [\d,]+ tokens/g, "<calls> · <tokens>")
    .replaceAll(/ {2,}/g, " ")
    .trimEnd();

/** The first line of the page that the output does not have where it should be. */
function firstMissing(shown: readonly string[], output: readonly string[]): string | undefined {
  let at = 0;
  let mayLeaveOut = false;
  for (const line of shown) {
    if (line === ELLIPSIS) {
      mayLeaveOut = true;
      continue;
    }
    const found = output.indexOf(line, at);
    if (found === -1 || (!mayLeaveOut && found !== at)) return line;
    at = found + 1;
    mayLeaveOut = false;
  }
  return undefined;
}

test("the page about the indexing example shows what its commands print", { timeout: 180_000 }, async () => {
  await using folder = await copyExample();
  await using database = await createTestDatabase();
  const options = { cwd: folder.path, env: { DATABASE_URL: database.url } };
  await using connection = new Database({ url: database.url });
  let commands = 0;
  for (const { language, text } of await readPage()) {
    if (language === "sql") await connection.query(text);
    if (language !== "") continue;
    const lines = text.trimEnd().split("\n");
    const shown = lines.filter((line) => !line.startsWith("$ ")).map(timeless);
    let printed: readonly string[] = [];
    for (const command of lines.filter((line) => line.startsWith("$ ")).map((line) => line.slice(2))) {
      const [program, ...args] = command.split(" ");
      if (program === "millrace") {
        const { code, stdout, stderr } = await runCli(args, options);
        expect(code, stderr).toBe(0);
        printed = stdout.split("\n").map(timeless);
      } else await promisify(exec)(command, { cwd: folder.path });
      commands += 1;
    }
    expect(firstMissing(shown, printed), printed.join("\n")).toBeUndefined();
  }
  expect(commands).toBeGreaterThan(4);
});
