import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export interface ChildFile extends AsyncDisposable {
  readonly path: string;
}

/** The child as JavaScript: a loader of TypeScript would make the start of every process three times as long. */
export async function bundleChild(): Promise<ChildFile> {
  const directory = await mkdtemp(join(tmpdir(), "millrace-child-"));
  await symlink(here("../../node_modules"), join(directory, "node_modules"), "junction");
  const path = join(directory, "child.mjs");
  const bundle = await rolldown({ input: here("./history-child.ts"), platform: "node", external: /^[a-z]/ });
  await bundle.write({
    file: path,
    paths: (name) => name.replace(/^millrace(?:\/(\w+))?$/, (_, entry = "index") => here(`../../dist/${entry}.js`)),
  });
  await bundle.close();
  return { path, [Symbol.asyncDispose]: () => rm(directory, { recursive: true }) };
}
