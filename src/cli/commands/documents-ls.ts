import { isAbsolute, relative } from "node:path";
import { plural } from "../../core/text.ts";
import { renderTable } from "../../display/render-table.ts";
import { createCommandLine } from "../command-line.ts";
import { declaredFilterArgs } from "../declared-options.ts";
import { defineCommand, jsonArgs, projectArgs } from "../define-command.ts";
import { openCliProject } from "../open-project.ts";
import { createPrinter, printJson } from "../print.ts";
import { filterArgs, readFilters } from "../read-options.ts";

export default defineCommand({
  args: { ...projectArgs, ...filterArgs, ...jsonArgs },
  declared: declaredFilterArgs,
  repeatable: ["ids"],
  examples: [
    ["documents ls", "all documents"],
    ["documents ls --status failed", "documents that could not be read, and why"],
  ],
  async run(input) {
    const { args } = input;
    const filters = readFilters(input);
    await using project = await openCliProject(args);
    const documents = await project.documents.list({ filters });
    if (args.json === true) return printJson(documents);
    const { colors, width, lines, aside } = createPrinter();
    if (documents.length === 0 && Object.keys(filters).length > 0) return aside("No document passes the filters.");
    if (documents.length === 0) {
      return aside(
        `No documents. \`${createCommandLine(args)("documents", "add")} <glob>\` adds some; a run syncs those of millrace.config.ts.`,
      );
    }
    const hasErrors = documents.some(({ error }) => error !== null);
    const isAdded = documents.some(({ addedAs }) => addedAs.length > 0);
    const rows = documents.map(({ id, path, sourceUrl, title, contentType, status, addedAs, error }) => [
      id,
      path ?? sourceUrl,
      title,
      contentType,
      status,
      ...(isAdded ? [addedAs.map(shortEntry).join(", ") || null] : []),
      ...(hasErrors ? [error] : []),
    ]);
    const columns = [
      "id",
      "path",
      "title",
      "type",
      "status",
      ...(isAdded ? ["added as"] : []),
      ...(hasErrors ? ["error"] : []),
    ];
    const paint = (cell: string, at: { readonly column: string; readonly value: unknown }) =>
      at.value === "failed" || at.column === "error" ? colors.red(cell) : cell;
    lines(renderTable({ columns, rows, colors, width, paint }));
    aside(colors.dim(`\n${plural(documents.length, "document")}`));
  },
});

// As it can be typed here for `documents rm`.
function shortEntry(entry: string): string {
  if (entry.startsWith("!")) return `!${shortEntry(entry.slice(1))}`;
  const fromHere = isAbsolute(entry) ? relative(process.cwd(), entry) || "." : entry;
  return fromHere.startsWith("..") ? entry : fromHere;
}
