import { expect, test } from "vitest";
import { Database } from "../../src/database/connect.ts";
import { createEmptyDatabase } from "../support/test-database.ts";
import { createTestRole } from "../support/test-role.ts";

const settingsOf = async (database: Database, ...names: string[]) =>
  Object.fromEntries(
    (
      await database.query<{ name: string; value: string }>(
        "select name, current_setting(name) as value from unnest($1::text[]) as name",
        [names],
      )
    ).map(({ name, value }) => [name, value]),
  );

const OURS = {
  application_name: "millrace test",
  TimeZone: "UTC",
  DateStyle: "ISO, MDY",
  IntervalStyle: "iso_8601",
  extra_float_digits: "1",
  default_transaction_isolation: "read committed",
  statement_timeout: "0",
  lock_timeout: "0",
};

test.each([
  ["", "application_name=etl&statement_timeout=1&query_timeout=1&lock_timeout=1&max=1&connectionTimeoutMillis=1"],
  ["options", `options=${encodeURIComponent("-c datestyle=German -c timezone=Europe/Berlin -c extra_float_digits=0")}`],
  ["fallback", "fallback_application_name=etl&client_encoding=latin1&binary=true"],
])("a session has our settings, whatever the URL says %s", async (_, query) => {
  await using created = await createEmptyDatabase();
  await using database = new Database({ url: `${created.url}?${query}`, applicationName: "millrace test" });
  expect(await settingsOf(database, ...Object.keys(OURS))).toEqual(OURS);
  expect(await database.query("select '1.1'::float8::text as number, 'ü' as letter")).toEqual([
    { number: "1.1", letter: "ü" },
  ]);
});

test("a session has our settings, whatever the role and the database say", async () => {
  await using created = await createEmptyDatabase();
  await using role = await createTestRole(created.url);
  {
    await using administrator = new Database({ url: created.url });
    for (const [name, value] of [
      ["datestyle", "German"],
      ["timezone", "Asia/Tokyo"],
      ["intervalstyle", "sql_standard"],
      ["extra_float_digits", "-15"],
      ["default_transaction_isolation", "serializable"],
      ["statement_timeout", "5s"],
      ["lock_timeout", "5s"],
      ["idle_session_timeout", "5s"],
    ])
      await administrator.query(`alter role ${role.name} set ${name} = '${value}'`);
  }
  await using database = new Database({ url: role.url, applicationName: "millrace test" });
  const found = await settingsOf(database, ...Object.keys(OURS), "idle_session_timeout");
  expect(found).toEqual({ ...OURS, idle_session_timeout: "0" });
});

test("tables are looked for where the target, the URL or the role says, and never in a schema of our own", async () => {
  await using created = await createEmptyDatabase();
  const pathOf = async (options: { readonly query?: string; readonly target?: string; readonly url?: string }) => {
    const url = new URL(options.url ?? created.url);
    url.search = options.query ?? "";
    await using database = new Database({ url: url.href, target: options.target, maxConnections: 1 });
    return (await settingsOf(database, "search_path"))["search_path"];
  };
  expect(await pathOf({ target: "dev" })).toBe('"dev", "public"');
  expect(await pathOf({ query: "schema=work" })).toBe('"work", "public"');
  expect(await pathOf({ query: "currentSchema=Work" })).toBe('"Work", "public"');
  expect(await pathOf({ query: "schema=public" })).toBe('"public"');
  expect(await pathOf({ query: "search_path=work,other" })).toBe('"work", "other", "public"');
  expect(await pathOf({ query: "schema=public", target: "dev" })).toBe('"dev", "public"');
  expect(() => new Database({ url: `${created.url}?schema=work`, target: "dev" })).toThrow(
    /schema "work".*target is "dev"/,
  );
  // The role of the test server is called millrace.
  await using administrator = new Database({ url: created.url });
  await administrator.query("create schema millrace");
  const options = `options=${encodeURIComponent('-c search_path="$user",public')}`;
  expect(await pathOf({ query: options })).toBe("public");
  await using role = await createTestRole(created.url);
  expect(await pathOf({ url: role.url, query: options })).toBe('"$user",public');
});
