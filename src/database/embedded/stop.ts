import { spawnSync } from "node:child_process";
import { MillraceError } from "../../core/errors.ts";
import { serverAccount } from "./server-account.ts";
import { installBinaries } from "./binaries.ts";
import type { Home } from "./home.ts";
import { findPostmaster, waitUntil } from "./postmaster.ts";

const FAST_MS = 30_000;
const IMMEDIATE_MS = 10_000;

/** Ends the server's connections and waits until it is gone. */
export async function stopServer(home: Home): Promise<void> {
  const isGone = async () => (await findPostmaster(home.data)) === undefined;
  await signalServer(home, "INT");
  if (await waitUntil(isGone, FAST_MS)) return;
  await signalServer(home, "QUIT");
  if (await waitUntil(isGone, IMMEDIATE_MS)) return;
  throw new MillraceError("EMBEDDED_FAILED", `The embedded Postgres in "${home.data}" does not stop.`, {
    hint: `Its log is "${home.log}"; end its process, then try again.`,
    isRetryable: true,
  });
}

// Windows has no signals; pg_ctl hands them over through a pipe of the server.
async function signalServer(home: Home, signal: "INT" | "QUIT"): Promise<void> {
  const server = await findPostmaster(home.data);
  if (server === undefined) return;
  if (process.platform === "win32") {
    const { pgCtl } = await installBinaries({ account: await serverAccount(home.data) });
    spawnSync(pgCtl, ["kill", signal, String(server.pid)], { windowsHide: true });
    return;
  }
  try {
    process.kill(server.pid, `SIG${signal}`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
