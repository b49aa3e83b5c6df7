import { chown, mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { cacheFolder } from "../../../src/model/code/cache-folder.ts";

const place = process.env["TMPDIR"];
afterEach(() => {
  if (place === undefined) delete process.env["TMPDIR"];
  else process.env["TMPDIR"] = place;
});

async function createTemporaryPlace() {
  const path = await mkdtemp(join(tmpdir(), "millrace-cache-test-"));
  process.env["TMPDIR"] = path;
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

test("a project without libraries keeps what it compiles among temporary files, in a folder of the user's own", async () => {
  await using temporary = await createTemporaryPlace();
  const folder = cacheFolder("/nowhere") ?? "";
  expect(folder.startsWith(temporary.path)).toBe(true);
  await mkdir(folder);
  expect(cacheFolder("/nowhere")).toBe(folder);
});

test("a link that somebody has put there instead is not followed", async () => {
  await using temporary = await createTemporaryPlace();
  const folder = cacheFolder("/nowhere") ?? "";
  await symlink(temporary.path, folder);
  expect(cacheFolder("/nowhere")).toBeUndefined();
});

// Nobody else can give a folder away.
test.runIf(process.getuid?.() === 0)("nor is a folder of somebody else used", async () => {
  await using _ = await createTemporaryPlace();
  const folder = cacheFolder("/nowhere") ?? "";
  await mkdir(folder);
  await chown(folder, 12_345, 12_345);
  expect(cacheFolder("/nowhere")).toBeUndefined();
});
