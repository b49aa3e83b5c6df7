import { randomUUID } from "node:crypto";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Folder of a project that the artifacts are in; every command replaces those of the one before. */
const ARTIFACTS_FOLDER = "target";

export type OnWarning = (message: string) => void;

/** Writes an artifact as a whole. Nothing depends on it, so a failure is only a warning. */
export async function writeArtifact(
  directory: string,
  file: string,
  { create, onWarning }: { readonly create: () => Promise<object> | object; readonly onWarning: OnWarning },
): Promise<void> {
  const path = join(directory, ARTIFACTS_FOLDER, file);
  const unfinished = `${path}.${randomUUID()}`;
  try {
    const content = JSON.stringify(await create());
    await mkdir(join(directory, ARTIFACTS_FOLDER), { recursive: true });
    await writeFile(unfinished, content);
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true }).catch(() => undefined);
    const reason = (error instanceof Error ? error.message : String(error)).replaceAll(/\s*\n\s*/g, " ");
    onWarning(`${ARTIFACTS_FOLDER}/${file} was not written: ${reason}`);
  }
}
