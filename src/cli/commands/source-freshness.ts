import { formatAge } from "../../core/duration.ts";
import { paintStatus } from "../../display/describe-model.ts";
import { renderTable } from "../../display/render-table.ts";
import type { FreshnessThreshold } from "../../model/freshness.ts";
import { defineCommand, jsonArgs, projectArgs } from "../define-command.ts";
import { openCliProject } from "../open-project.ts";
import { createPrinter, printJson } from "../print.ts";

const COLOURS: Readonly<Record<string, string>> = {
  pass: "succeeded",
  warn: "partial",
  error: "failed",
  "runtime error": "failed",
};

export default defineCommand({
  args: { ...projectArgs, ...jsonArgs },
  examples: [["source freshness", "the age of the newest row of each source that declares `freshness`"]],
  async run({ args }) {
    await using project = await openCliProject(args);
    const started = performance.now();
    const results = await project.checkFreshness();
    const { colors, width, lines, aside } = createPrinter();
    const { writeSourcesArtifact } = await import("../../dbt/sources-artifact.ts");
    const durationMs = performance.now() - started;
    await writeSourcesArtifact(project, { results, durationMs }, aside);
    const code = results.some(({ status }) => status === "error" || status === "runtime error") ? 1 : 0;
    if (args.json === true) {
      printJson(results);
      return code;
    }
    if (results.length === 0) {
      aside('No source declares its freshness: ref("table", { freshness: { loadedAtField, errorAfter: "1d" } }).');
      return code;
    }
    const rows = results.map((result) => [
      result.source,
      result.status,
      ...(result.status === "runtime error"
        ? [result.error, null, null]
        : [
            formatAge(result.checkedAt.getTime() - result.maxLoadedAt.getTime()),
            describe(result.warnAfter),
            describe(result.errorAfter),
          ]),
    ]);
    const paint = (cell: string, { column, value }: { column: string; value: unknown }) =>
      column === "status" ? paintStatus(COLOURS[String(value)] ?? "", cell, colors) : cell;
    const columns = ["source", "status", "newest row", "warn after", "error after"];
    lines(renderTable({ columns, rows, colors, width, paint }));
    return code;
  },
});

const describe = (limit: FreshnessThreshold | undefined) =>
  limit === undefined ? null : `${limit.count} ${limit.period}${limit.count === 1 ? "" : "s"}`;
