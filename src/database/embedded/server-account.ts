import { chmod, chown, lchown, lstat, mkdir, readdir, readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";

/** A user of the operating system. */
export interface ServerAccount {
  readonly uid: number;
  readonly gid: number;
}

export const isRoot = process.getuid?.() === 0;

/**
 * Who runs the server: ourselves, except as root, whom Postgres refuses. Root becomes the owner of the folder, so
 * that `sudo` in someone's project leaves files that this person can use, or `nobody`.
 */
export async function serverAccount(folder: string): Promise<ServerAccount | undefined> {
  if (!isRoot) return undefined;
  const owner = await stat(folder);
  const accounts = await readAccounts();
  const named = owner.uid === 0 ? undefined : accounts.find(({ uid }) => uid === owner.uid);
  return named ?? accounts.find(({ name }) => name === "nobody") ?? { uid: 65534, gid: 65534 };
}

// initdb insists on a uid that has a name.
async function readAccounts(): Promise<(ServerAccount & { name: string })[]> {
  const lines = (await readFile("/etc/passwd", "utf8").catch(() => "")).split("\n");
  return lines.map((line) => {
    const [name = "", , uid, gid] = line.split(":");
    return { name, uid: Number(uid), gid: Number(gid) };
  });
}

/** Gives a path to the account the server runs as; nothing to do when that is ourselves. */
export async function giveTo(account: ServerAccount | undefined, path: string): Promise<void> {
  if (account !== undefined) await chown(path, account.uid, account.gid);
}

/** Gives a folder of data that root has copied, and all in it, to the account that is to serve it. */
export async function giveCopyTo(account: ServerAccount | undefined, folder: string): Promise<void> {
  if (account === undefined || (await stat(folder)).uid !== 0) return;
  for (const name of await readdir(folder, { recursive: true }))
    await lchown(join(folder, name), account.uid, account.gid);
  await giveTo(account, folder);
}

/** Whether the account may pass through every folder of the path. */
export async function canReach(account: ServerAccount | undefined, path: string): Promise<boolean> {
  if (account === undefined) return true;
  for (let folder = path; ; folder = dirname(folder)) {
    const { uid, gid, mode } = await stat(folder);
    const execute = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001;
    if ((mode & execute) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}

/** Creates folders; those that root makes in someone's project belong to that person. */
export async function createFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true });
  if (first === undefined || !isRoot) return;
  const { uid, gid } = await stat(dirname(first));
  for (let folder = path; folder.length >= first.length; folder = dirname(folder)) await chown(folder, uid, gid);
}

/** A folder in a shared place that nobody else may write to, or false when it cannot be had. */
export async function createSharedFolder(path: string, account: ServerAccount | undefined): Promise<boolean> {
  try {
    const created = await mkdir(path, { recursive: true });
    // The umask may be stricter than the server can work with.
    if (created !== undefined) await chmod(path, isRoot ? 0o755 : 0o700);
    const found = await lstat(path);
    const foreignWrite = isRoot ? 0o022 : 0o002;
    const isOurs =
      process.getuid === undefined || (found.uid === process.getuid() && (found.mode & foreignWrite) === 0);
    return found.isDirectory() && isOurs && (await canReach(account, path));
  } catch {
    // The caller tries the next place and reports when none is left.
    return false;
  }
}
