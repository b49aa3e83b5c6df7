import { realpath } from "node:fs/promises";
import nodePath from "node:path";

const AT_ONCE = 64;

interface NamedFile {
  readonly file: string;
  readonly path: string;
}

/** Keeps one name per file: its own where that is listed, else the first that leads to it through links. */
export async function oneNameEach<Source extends NamedFile>(
  directory: string,
  sources: readonly Source[],
): Promise<{ files: Source[]; dropped: number }> {
  const realDirectory = await realpath(directory).catch(() => directory);
  const chosen = new Map<string, Source>();
  for (let start = 0; start < sources.length; start += AT_ONCE) {
    const some = sources.slice(start, start + AT_ONCE);
    // A file that has vanished keeps its own path; reading it will report the error.
    const real = await Promise.all(some.map((source) => realpath(source.file).catch(() => source.file)));
    for (const [index, source] of some.entries()) {
      const target = real[index] ?? source.file;
      // Below a project folder that is itself a link, a file's own name is the one relative to the project.
      const isOwnName = target === nodePath.join(realDirectory, source.path);
      if (!chosen.has(target) || isOwnName) chosen.set(target, source);
    }
  }
  const kept = new Set<Source>(chosen.values());
  return { files: sources.filter((source) => kept.has(source)), dropped: sources.length - kept.size };
}
