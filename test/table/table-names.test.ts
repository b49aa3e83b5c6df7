import { defineConfig, defineSqlModel, ref } from "millrace";
import { integer, pgEnum, pipelineTable, sql, text } from "millrace/schema";
import { expect, test } from "vitest";
import { resolveProjectConfig } from "../../src/model/project-config.ts";

const long = "a_name_that_goes_on_and_on_past_the_limit_of_sixty_three_bytes__";
const fits = long.slice(0, 63);

test.each([
  ["", /is empty/],
  ["no\0no", /U\+0000/],
  [long, /has 64 bytes/],
  ["ü".repeat(32), /has 64 bytes/],
  ["pg_class", /pg_/],
  ["millrace_work", /millrace_/],
  ["landing.items", /has a dot/],
])("the table name %j is refused where it is declared", (name, why) => {
  expect(() => pipelineTable(name, { id: integer().primaryKey() })).toThrow(
    expect.objectContaining({
      name: "UsageError",
      code: "NAME_INVALID",
      message: expect.stringMatching(why) as string,
    }) as Error,
  );
});

test.each([
  [{ ctid: text() }, "NAME_INVALID", /every table of Postgres has/],
  [{ xmin: text() }, "NAME_INVALID", /every table of Postgres has/],
  [{ anything: text("tableoid") }, "NAME_INVALID", /every table of Postgres has/],
  [{ "": text() }, "NAME_INVALID", /is empty/],
  [{ "a\0": text() }, "NAME_INVALID", /U\+0000/],
  [{ [long]: text() }, "NAME_INVALID", /has 64 bytes/],
  [{ fooBar: text(), foo_bar: text() }, "NAME_INVALID", /"fooBar".*"foo_bar".*one column/],
  [{ kind: pgEnum(long, ["a"])() }, "NAME_INVALID", /enum has 64 bytes/],
  [{ kinds: pgEnum(long, ["a"])().array() }, "NAME_INVALID", /enum has 64 bytes/],
  [{ workflowId: text() }, "COLUMN_RESERVED", /"workflowId"/],
  [{ workflow_id: text() }, "COLUMN_RESERVED", /"workflow_id"/],
  [{ when: text("created_at") }, "COLUMN_RESERVED", /"when"/],
])("columns that cannot be made are refused where they are declared: %j", (columns, code, why) => {
  expect(() => pipelineTable("things", { id: integer().primaryKey(), ...(columns as object) })).toThrow(
    expect.objectContaining({ name: "UsageError", code, message: expect.stringMatching(why) as string }) as Error,
  );
});

test("names of 63 bytes are taken", () => {
  expect(() => pipelineTable(fits, { [fits]: text() })).not.toThrow();
});

test("a view whose name comes of its model's is held to the same", () => {
  expect(() => defineSqlModel({ name: "pg.class", sources: {}, sql: () => sql`select 1 as one` })).toThrow(/pg_/);
  expect(() =>
    defineSqlModel({ name: `reporting.${long}`, sources: {}, sql: () => sql`select 1 as one` }),
  ).not.toThrow();
});

test.each(["", "landing.", "a\0b", `landing.${long}`])("ref(%j) names no table", (name) => {
  expect(() => ref(name)).toThrow(expect.objectContaining({ code: "NAME_INVALID" }) as Error);
});

test.each(["pg_x", "millrace", "millrace_dev", "dbos", "information_schema", "x".repeat(55)])(
  "the target %s is refused",
  (target) => {
    expect(() => resolveProjectConfig(defineConfig({ target }), "millrace.config.ts")).toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID" }) as Error,
    );
  },
);
