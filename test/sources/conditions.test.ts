import { expect, test } from "vitest";
import { defineModel, ref, type Source } from "millrace";
import { integer, pipelineTable, text } from "millrace/schema";
import { createTestProject } from "millrace/testing";

const pipelineNotes = defineModel({
  name: "n.notes",
  table: pipelineTable("notes", { id: integer().primaryKey(), topicName: text() }),
  sources: {},
  async run({ writer }) {
    await writer.write([1, 2, 3, 4, 5, 6].map((id) => ({ id, topicName: id % 3 === 0 ? null : `topic ${id % 3}` })));
  },
});

const first = [1, 2, 3, 4];

/** What models see of the notes that read them so, in one run. */
async function readAs(sources: Readonly<Record<string, Source<{ id: number }>>>) {
  const seen: Record<string, unknown> = {};
  const readers = Object.entries(sources).map(([name, notes]) =>
    defineModel({
      name: `n.${name}`,
      table: pipelineTable(name, { id: integer().primaryKey() }),
      writeStrategy: "append",
      sources: { notes },
      async run({ sources: { notes: rows } }) {
        seen[name] = (await rows.rows()).map(({ id }) => id);
      },
    }),
  );
  await using project = await createTestProject({ models: [pipelineNotes, ...readers] });
  const { errors } = await project.project.runPipeline(undefined, { stopOnError: false });
  return { seen, errors };
}

test("a condition may be a value, null, a list, a list with null, or a function of the run", async () => {
  const { seen, errors } = await readAs({
    value: ref(pipelineNotes, { where: { id: 4 } }),
    nothing: ref(pipelineNotes, { where: { id: first, topicName: null } }),
    list: ref(pipelineNotes, { where: { id: first, topicName: ["topic 1"] } }),
    either: ref(pipelineNotes, { where: { id: first, topicName: ["topic 1", null] } }),
    of_run: ref(pipelineNotes, { where: { id: ({ mode }) => (mode === "delta" ? 2 : 3) } }),
  });
  expect(errors).toEqual({});
  expect(seen).toEqual({ value: [4], nothing: [3], list: [1, 4], either: [1, 3, 4], of_run: [2] });
});

test("an empty list selects nothing, and undefined is an error", async () => {
  const { seen, errors } = await readAs({
    empty: ref(pipelineNotes, { where: { topicName: [] } }),
    unset: ref(pipelineNotes, { where: { topicName: undefined as never } }),
  });
  expect(seen).toEqual({ empty: [] });
  expect(errors).toMatchObject({ "n.unset": { code: "WHERE_UNDEFINED" } });
});

test("values are never SQL", async () => {
  const { seen, errors } = await readAs({
    quoted: ref(pipelineNotes, { where: { topicName: ["x'); drop table notes; --", '"', "\\"] } }),
    always: ref(pipelineNotes, { where: { topicName: "' or true --" } }),
  });
  expect({ seen, errors }).toEqual({ seen: { quoted: [], always: [] }, errors: {} });
});
