import { expect, test } from "vitest";
import { defineSqlModel, ref } from "millrace";
import { sql } from "millrace/schema";
import { createTestProject } from "millrace/testing";

const read = (table: string, freshness: Parameters<typeof ref>[1]) =>
  defineSqlModel({
    name: `shop.${table}`,
    sources: { raw: ref(`raw_${table}`, freshness) },
    sql: ({ raw }) => sql`select * from ${raw}`,
  });

test("the newest row of a source is fresh, late, too late, or not there", async () => {
  const freshness = { loadedAtField: "loaded_at", warnAfter: "12h", errorAfter: "2d" } as const;
  await using project = await createTestProject({
    models: [
      ...["fresh", "late", "old", "empty", "missing"].map((table) => read(table, { freshness })),
      read("dated", { freshness: { loadedAtField: "day", errorAfter: "90m" } }),
      read("unwatched", {}),
    ],
  });
  for (const [table, age] of Object.entries({ fresh: "1 hour", late: "13 hours", old: "3 days" })) {
    await project.query(`create table raw_${table} as select now() - interval '${age}' as loaded_at`);
  }
  await project.query("create table raw_empty (loaded_at timestamptz)");
  await project.query("create table raw_dated as select current_date - 1 as day");
  const results = await project.project.checkFreshness();
  expect(Object.fromEntries(results.map(({ source, status }) => [source, status]))).toEqual({
    raw_fresh: "pass",
    raw_late: "warn",
    raw_old: "error",
    raw_empty: "runtime error",
    raw_missing: "runtime error",
    raw_dated: "error",
  });
  const late = results.find(({ source }) => source === "raw_late");
  expect(late).toMatchObject({
    warnAfter: { count: 12, period: "hour" },
    errorAfter: { count: 2, period: "day" },
  });
});

test("a source is looked at once, however many models read it; a wrong age is an error where it stands", async () => {
  const freshness = { loadedAtField: "loaded_at", errorAfter: "1d" } as const;
  const [one, two] = ["one", "two"].map((name) =>
    defineSqlModel({
      name: `shop.${name}`,
      sources: { raw: ref("raw_shared", { freshness }) },
      sql: ({ raw }) => sql`select * from ${raw}`,
    }),
  );
  await using project = await createTestProject({ models: [one!, two!] });
  await project.query("create table raw_shared as select now() as loaded_at");
  expect(await project.project.checkFreshness()).toHaveLength(1);
  expect(() => ref("raw", { freshness: { loadedAtField: "at", errorAfter: "1 week" as "1d" } })).toThrow("1 week");
});
