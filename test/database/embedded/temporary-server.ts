import { type ChildProcess, spawn } from "node:child_process";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { type EmbeddedPostgres, resetEmbeddedPostgres } from "../../../src/database/embedded/embedded-postgres.ts";

/** A folder for one server, which is stopped and removed afterwards. */
export interface ServerFolder extends AsyncDisposable {
  /** The temporary folder itself. */
  readonly root: string;
  /** The folder of the server below it. */
  readonly directory: string;
}

export async function createServerFolder(name = "postgres"): Promise<ServerFolder> {
  const root = await mkdtemp(join(tmpdir(), "millrace-embedded-"));
  await chmod(root, 0o755);
  const directory = join(root, name);
  return {
    root,
    directory,
    async [Symbol.asyncDispose]() {
      await resetEmbeddedPostgres({ directory }).finally(() => rm(root, { recursive: true, force: true }));
    },
  };
}

export async function queryValue(url: string, text: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<Record<string, unknown>>(text);
    return rows[0] === undefined ? undefined : Object.values(rows[0])[0];
  } finally {
    await client.end();
  }
}

export interface StartElsewhereOptions {
  readonly directory: string;
  readonly uid?: number;
  readonly umask?: number;
  readonly env?: Readonly<Record<string, string>>;
}

/** Calls `startEmbeddedPostgres` in a process of its own. */
export function startElsewhere(options: StartElsewhereOptions): {
  child: ChildProcess;
  result: Promise<EmbeddedPostgres>;
} {
  const call = { file: BUILT, directory: options.directory, umask: options.umask };
  const child = spawn(process.execPath, ["-e", CALL, JSON.stringify(call)], {
    cwd: fileURLToPath(new URL("../../..", import.meta.url)),
    env: { ...process.env, ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
  });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const result = new Promise<EmbeddedPostgres>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) =>
      code === 0 ? resolve(JSON.parse(output) as EmbeddedPostgres) : reject(new Error(output || "killed")),
    );
  });
  return { child, result };
}

// What is built loads in a tenth of the time that compiling the sources takes.
const BUILT = new URL("../../../dist/database/embedded/embedded-postgres.js", import.meta.url).href;

const CALL = `
const { file, directory, umask } = JSON.parse(process.argv[1]);
if (umask !== undefined) process.umask(umask);
import(file)
  .then((module) => module.startEmbeddedPostgres({ directory }))
  .then((server) => process.stdout.write(JSON.stringify(server)))
  .catch((error) => { console.error(error.code, error.message); process.exit(1); });
`;
