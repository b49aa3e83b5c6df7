import { createHash, randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, mkdir, readdir, readFile, realpath, rename, rm, rmdir, stat, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { MillraceError } from "../../core/errors.ts";
import { type ServerAccount, canReach, createSharedFolder, giveTo, isRoot } from "./server-account.ts";

/** Where all files of one embedded server are. */
export interface Home {
  /** The project's folder for the server: lock, heartbeat, and a pointer when the data is elsewhere. */
  readonly directory: string;
  /** Holds data and log; the same folder unless the server's account cannot reach it. */
  readonly path: string;
  readonly data: string;
  readonly log: string;
  readonly passwordFile: string;
  /** Port of the last start, tried again so that saved connections stay valid. */
  readonly portFile: string;
  /** Held while the server is started or stopped. */
  readonly lockFile: string;
  /** Touched at every attach; the watchdog counts idle time from it. */
  readonly usedFile: string;
  /** Process id and machine of the watchdog; touched by it every second. */
  readonly watchdogFile: string;
}

const LEFTOVER = /^(?:new|old)-[0-9a-f]{8}$/;

/** The home of a folder as it was chosen before; nothing is created. */
export async function findHome(directory: string): Promise<Home> {
  const real = await realpath(directory).catch(() => resolve(directory));
  const pointed = await readText(pointerFile(real));
  return homeAt(real, pointed !== undefined && (await isHomeOf(real, pointed)) ? pointed : real);
}

/** Chooses where new data goes: the project's folder, if the server's account can live there. */
export async function chooseHome(directory: string, account: ServerAccount | undefined): Promise<Home> {
  if (await canHold(directory, account)) {
    await rm(pointerFile(directory), { force: true });
    return homeAt(directory, directory);
  }
  const places = isRoot ? ["/var/lib/millrace", join(tmpdir(), "millrace-data"), "/tmp/millrace-data"] : [dataHome()];
  const name = createHash("sha256").update(directory).digest("hex").slice(0, 16);
  for (const place of places) {
    const path = join(place, name);
    if (!(await createSharedFolder(place, account)) || !(await createSharedFolder(path, account))) continue;
    if (!(await canHold(path, account))) continue;
    await replaceFile(ownerFile(path), directory);
    await replaceFile(pointerFile(directory), path);
    return homeAt(directory, path);
  }
  throw new MillraceError(
    "DIRECTORY_NOT_WRITABLE",
    `The embedded Postgres cannot enter its folder: "${directory}" and ${places.join(", ")} deny access.`,
    {
      hint: "Move the project to a folder that other accounts can enter, or set DATABASE_URL.",
    },
  );
}

/** An empty folder inside the home that belongs to the server's account. */
export async function createDraft(home: Home, account: ServerAccount | undefined): Promise<string> {
  const draft = join(home.path, `new-${randomBytes(4).toString("hex")}`);
  await mkdir(draft);
  await chmod(draft, 0o700);
  await giveTo(account, draft);
  return draft;
}

/** Removes what was cut off in the middle of creating or deleting data. */
export async function removeLeftovers(home: Home): Promise<void> {
  // A program that a killed process had started may still be writing there.
  const untilGone = { recursive: true, force: true, maxRetries: 20, retryDelay: 100 };
  for (const name of await readdir(home.path)) if (LEFTOVER.test(name)) await rm(join(home.path, name), untilGone);
}

/** Deletes the files of the embedded server, and its folder when nothing else is left in it. */
export async function removeHome(home: Home): Promise<void> {
  if (existsSync(home.data)) {
    const old = join(home.path, `old-${randomBytes(4).toString("hex")}`);
    await rename(home.data, old);
  }
  if (existsSync(home.path)) await removeLeftovers(home);
  const ours = [home.log, home.portFile, home.usedFile, home.watchdogFile, pointerFile(home.directory)];
  for (const file of ours) await rm(file, { force: true });
  if (home.path === home.directory) return;
  await rm(ownerFile(home.path), { force: true });
  // Other files there are kept.
  await rmdir(home.path).catch(() => undefined);
}

/** Text of a file without the space around it, or undefined when there is no such file. */
export async function readText(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, "utf8")).trim();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw error;
  }
}

/** Replaces a small file, even one of another account, and gives it to the owner of the folder. */
export async function replaceFile(path: string, text: string): Promise<void> {
  await rm(path, { force: true });
  await writeFile(path, text);
  if (!isRoot) return;
  try {
    await giveTo(await stat(dirname(path)), path);
  } catch (error) {
    // Another process that replaces it at this moment also gives it to the owner.
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}

function homeAt(directory: string, path: string): Home {
  const data = join(path, "data");
  return {
    directory,
    path,
    data,
    log: join(path, "server.log"),
    passwordFile: join(data, "millrace-password"),
    portFile: join(path, "port"),
    lockFile: join(directory, "lock"),
    usedFile: join(directory, "used"),
    watchdogFile: join(directory, "watchdog"),
  };
}

const pointerFile = (directory: string) => join(directory, "location");
const ownerFile = (path: string) => join(path, "owner");
const dataHome = () => join(process.env["XDG_DATA_HOME"] || join(homedir(), ".local", "share"), "millrace");

// A copied project brings its pointer along; following it would share, or delete, the data of the original.
async function isHomeOf(directory: string, path: string): Promise<boolean> {
  const owner = await readText(ownerFile(path));
  if (owner === undefined) return false;
  return owner === directory || (await readText(pointerFile(owner))) !== path;
}

// Shared folders of virtual machines ignore owners and modes, which the server insists on.
async function canHold(path: string, account: ServerAccount | undefined): Promise<boolean> {
  if (!(await canReach(account, path))) return false;
  const draft = await createDraft(homeAt(path, path), account).catch((error: NodeJS.ErrnoException) => {
    if (account !== undefined && error.code === "EPERM") return undefined;
    throw error;
  });
  if (draft === undefined) return false;
  const { uid, mode } = await stat(draft);
  await rmdir(draft);
  if (process.platform === "win32") return true;
  return (mode & 0o777) === 0o700 && uid === (account?.uid ?? process.getuid?.());
}
