import { defineModel, notNull, ref } from "millrace";
import { bigint, boolean, json, jsonb, numeric, pipelineTable, text } from "millrace/schema";
import { createTestProject } from "millrace/testing";
import { expect, test } from "vitest";
import { z } from "zod";

const DATA = '{"a": [9007199254740993, 12345678901234567890.12, 1.5], "id": 9007199254740993}';

test("numbers in JSON keep their digits from table to table, and into columns of numbers", async () => {
  const copy = defineModel({
    name: "shop.copy",
    table: pipelineTable("copied", {
      id: text().primaryKey(),
      data: json(z.unknown()),
      plain: jsonb(),
      list: jsonb().array(),
      big: bigint({ mode: "bigint" }),
      price: numeric(),
      said: text(),
    }),
    sources: { events: ref("events") },
    forEach: "events",
    async run({ row }) {
      const { data, list, id } = row as unknown as { id: string; data: { a: unknown[]; id: bigint }; list: unknown[] };
      const [, price] = data.a;
      return {
        id,
        data,
        plain: data,
        list,
        big: data.id,
        price: price as string,
        said: `${data.id} ${JSON.stringify(data)}`,
      };
    },
  });
  await using project = await createTestProject({ models: [copy] });
  await project.query("create table events (id text primary key, data jsonb, list jsonb[])");
  await project.query("insert into events values ('1', $1::jsonb, array[$1::jsonb, 'true'])", [DATA]);
  expect((await project.project.runPipeline()).errors).toEqual({});
  const [row] = await project.query(
    "select data::text, plain::text, list[1]::text as first, list[2]::text as second, big::text, price::text, said from copied",
  );
  expect(row).toEqual({
    data: DATA,
    plain: DATA,
    first: DATA,
    second: "true",
    big: "9007199254740993",
    price: "12345678901234567890.12",
    said: '9007199254740993 {"a":["9007199254740993","12345678901234567890.12",1.5],"id":"9007199254740993"}',
  });
});

test("a row that fails a test is shown and stored with all digits of its id", async () => {
  const flags = defineModel({
    name: "shop.flags",
    table: pipelineTable("flags", { id: bigint({ mode: "bigint" }).primaryKey(), ok: boolean(), price: numeric() }),
    sources: {},
    tests: [notNull("ok")],
    async run({ writer }) {
      await writer.write([
        { id: 9007199254740993n, ok: null, price: "12345678901234567890.12" },
        { id: 9007199254740992n, ok: true, price: null },
      ]);
    },
  });
  await using project = await createTestProject({ models: [flags] });
  await project.project.runPipeline();
  const [result] = await project.project.test();
  expect(JSON.parse(JSON.stringify(result?.rows))).toMatchObject([
    { id: "9007199254740993", price: "12345678901234567890.12" },
  ]);
  await project.project.runPipeline(undefined, { tests: true });
  const [stored] = await project.query(
    "select rows->0->>'id' as id, rows->0->>'price' as price from millrace.test_result",
  );
  expect(stored).toEqual({ id: "9007199254740993", price: "12345678901234567890.12" });
});
