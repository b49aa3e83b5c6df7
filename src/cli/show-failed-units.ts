import { plural } from "../core/text.ts";
import { renderTable } from "../display/render-table.ts";
import type { Project } from "../project/project.ts";
import { createCommandLine } from "./command-line.ts";
import { createPrinter, printJson } from "./print.ts";

/** Prints the units of a model that failed, and how to run them again. */
export async function showFailedUnits(
  project: Project,
  args: {
    readonly model: string;
    readonly limit: number;
    readonly project: string;
    readonly json?: boolean | undefined;
  },
): Promise<void> {
  const { units, total } = await project.units.failed({ models: [args.model], limit: args.limit });
  if (args.json === true) return printJson({ total, units });
  const { colors, width, lines, aside } = createPrinter();
  if (total === 0) return aside("No unit failed.");
  const rows = units.map((unit) => [
    unit.unit,
    ...(units.some((each) => each.document !== null) ? [unit.document] : []),
    unit.status,
    unit.attempts,
    unit.code,
    unit.message,
  ]);
  const hasDocuments = units.some((each) => each.document !== null);
  const columns = ["unit", ...(hasDocuments ? ["document"] : []), "status", "tries", "code", "message"];
  lines(renderTable({ columns, rows, colors, width }));
  const command = createCommandLine(args);
  const more = total > units.length ? ` · more: --limit ${Math.min(total, args.limit * 10)}` : "";
  aside(colors.dim(`\n${units.length === total ? "" : `${units.length} of `}${plural(total, "failed unit")}${more}`));
  aside(`${colors.dim("Next:")} ${colors.cyan(command("retry", args.model, "--errors"))}`);
}
