import { snakeCase } from "../core/text.ts";

export interface NewModel {
  readonly name: string;
  /** Name of the file, without its folder. */
  readonly file: string;
  readonly content: string;
}

// Words that cannot name a constant.
const RESERVED =
  /^(await|break|case|catch|class|const|continue|debugger|default|delete|do|else|enum|export|extends|false|finally|for|function|if|implements|import|in|instanceof|interface|let|new|null|package|private|protected|public|return|static|super|switch|this|throw|true|try|typeof|var|void|while|with|yield|defineModel|documents|pipelineTable|text|integer)$/;

/** A model file to begin with: it compiles and runs as it stands. */
export function modelTemplate(name: string): NewModel {
  const last = snakeCase(name.slice(name.lastIndexOf(".") + 1));
  const camel = last.replaceAll(/_+([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()).replaceAll("_", "");
  const constant = RESERVED.test(camel) ? `${camel}Model` : camel;
  const table = snakeCase(name.replaceAll(".", "_"));
  return {
    name,
    file: `${last.replaceAll(/_+/g, "-")}.ts`,
    content: `import { defineModel, documents } from "millrace";
import { integer, pipelineTable, text } from "millrace/schema";

export const ${constant} = defineModel({
  name: "${name}",
  description: "Length of each document",
  // The columns of the table; its key says which row a result replaces.
  table: pipelineTable("${table}", {
    documentId: text().primaryKey(),
    title: text(),
    characters: integer().notNull(),
  }),
  // What it reads: documents(), ref(otherModel) or the name of a table.
  sources: { documents: documents({ content: true }) },
  // One call of run for each document; it returns the rows of that document.
  forEach: "documents",
  async run({ row: document }) {
    return { documentId: document.id, title: document.title, characters: document.content.length };
  },
});
`,
  };
}
