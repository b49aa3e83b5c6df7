import { existsSync, rmSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { cacheFolder } from "../code/cache-folder.ts";

/** A long-running process still imports from the files it was started with. */
const KEPT_MS = 7 * 24 * 3_600_000;
/** Folders in which this process has already removed old entries. */
const tidied = new Set<string>();

/** Compiled modules of a project, a folder for each key, kept between processes. */
export class ModuleCache {
  readonly #folder: string | undefined;

  constructor(directory: string) {
    const folder = cacheFolder(directory);
    this.#folder = folder === undefined ? undefined : join(folder, "modules");
  }

  async find(key: string, isUsable: (folder: string) => Promise<boolean>): Promise<string | undefined> {
    const folder = this.#folder === undefined ? undefined : join(this.#folder, key);
    if (folder === undefined || !existsSync(folder)) return undefined;
    if (await isUsable(folder)) return folder;
    await rm(folder, { recursive: true, force: true });
    return undefined;
  }

  /** Keeps what `fill` writes into the given folder; other processes see all of it or nothing. */
  async make(key: string, fill: (folder: string) => Promise<void>): Promise<string> {
    const unfinished = await this.#createFolder();
    try {
      await fill(unfinished);
    } catch (error) {
      await rm(unfinished, { recursive: true, force: true });
      throw error;
    }
    if (this.#folder === undefined || dirname(unfinished) !== this.#folder) {
      process.once("exit", () => rmSync(unfinished, { recursive: true, force: true }));
      return unfinished;
    }
    const folder = join(this.#folder, key);
    // Another process may have been faster.
    await rename(unfinished, folder).catch(() => rm(unfinished, { recursive: true, force: true }));
    await this.#removeOld(this.#folder);
    return folder;
  }

  // Without a writable place, for this process only.
  async #createFolder(): Promise<string> {
    try {
      if (this.#folder !== undefined) {
        await mkdir(this.#folder, { recursive: true, mode: 0o700 });
        return await mkdtemp(join(this.#folder, "new-"));
      }
    } catch {
      // Read-only, as in a container: the modules are compiled at every start.
    }
    return mkdtemp(join(tmpdir(), "millrace-modules-"));
  }

  async #removeOld(folder: string): Promise<void> {
    if (tidied.has(folder)) return;
    tidied.add(folder);
    const now = Date.now();
    for (const name of await readdir(folder)) {
      const path = join(folder, name);
      const made = await stat(path).catch(() => undefined);
      if (made !== undefined && now - made.mtimeMs > KEPT_MS) await rm(path, { recursive: true, force: true });
    }
  }
}
