import { afterEach, expect, test, vi } from "vitest";
import { resolveDatabaseUrl } from "../../src/database/resolve-database.ts";
import { createServerFolder, queryValue } from "./embedded/temporary-server.ts";

afterEach(() => vi.unstubAllEnvs());

test.each(["postgres://me:secret@db.example/app", "postgresql:///app?host=/var/run/postgresql"])(
  "uses %s as given",
  async (databaseUrl) => {
    expect(await resolveDatabaseUrl({ databaseUrl, directory: "/nowhere" })).toEqual({
      url: databaseUrl,
      embedded: false,
    });
  },
);

test.each(["mysql://me:secret@db.example/app", "db.example/secret", "postgres://me:se/cret@db.example:port/app"])(
  "refuses %s without repeating it",
  async (databaseUrl) => {
    const error: unknown = await resolveDatabaseUrl({ databaseUrl, directory: "/nowhere" }).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({
      name: "UsageError",
      code: "DATABASE_URL_INVALID",
      message: expect.not.stringContaining("secret"),
    });
  },
);

test("starts the embedded server when there is no URL, and takes an empty one for none", async () => {
  await using folder = await createServerFolder();
  for (const databaseUrl of [undefined, "", "  "]) {
    const { url, embedded } = await resolveDatabaseUrl({ databaseUrl, directory: folder.directory });
    expect(embedded).toBe(true);
    expect(await queryValue(url, "select 1")).toBe(1);
  }
});

test("asks for DATABASE_URL in production", async () => {
  vi.stubEnv("NODE_ENV", "production");
  await expect(resolveDatabaseUrl({ directory: "/nowhere" })).rejects.toMatchObject({ code: "EMBEDDED_UNAVAILABLE" });
});
