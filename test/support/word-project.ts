import { defineModel, documents, type Model, ref } from "millrace";
import { integer, pipelineTable, primaryKey, text } from "millrace/schema";

export interface Calls {
  /** Units each model's function was called for, in order. */
  readonly lines: string[];
  readonly words: string[];
}

/** A small graph: documents → lines → words (grouped) → one total. It counts what it is called for. */
export function declareWords(
  options: { readonly beforeLine?: (documentId: string, content: string) => void | Promise<void> } = {},
) {
  const calls: Calls = { lines: [], words: [] };
  const lines = defineModel({
    name: "words.lines",
    table: pipelineTable(
      "lines",
      { documentId: text().notNull(), lineNumber: integer().notNull(), content: text().notNull() },
      (t) => [primaryKey({ columns: [t.documentId, t.lineNumber] })],
    ),
    sources: { documents: documents({ content: true }) },
    forEach: "documents",
    async run({ row }) {
      calls.lines.push(row.path ?? row.id);
      await options.beforeLine?.(row.path ?? row.id, row.content);
      return row.content
        .split("\n")
        .filter((content) => content !== "")
        .map((content, index) => ({ documentId: row.id, lineNumber: index + 1, content }));
    },
  });
  const words = defineModel({
    name: "words.words",
    table: pipelineTable("words", { content: text().primaryKey(), count: integer().notNull() }),
    sources: { lines: ref(lines, { columns: ["content", "documentId"] }) },
    forEach: "lines",
    by: ["content"],
    async run({ key, rows }) {
      calls.words.push(key.content);
      return { content: key.content, count: rows.length };
    },
  });
  const total = defineModel({
    name: "words.total",
    table: pipelineTable("total", { id: integer().primaryKey(), words: integer().notNull() }),
    sources: { words: ref(words) },
    async run({ sources, writer }) {
      return writer.write({ id: 1, words: await sources.words.count() });
    },
  });
  return { calls, models: [lines, words, total] as readonly Model<object>[] };
}
