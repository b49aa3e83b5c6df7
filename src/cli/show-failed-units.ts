import { plural } from "../core/text.ts";
import { renderTable } from "../display/render-table.ts";
import { renderFailure } from "../display/summary.ts";
import type { Project } from "../project/project.ts";
import { createCommandLine } from "./command-line.ts";
import { createPrinter, printJson } from "./print.ts";

/** Prints what failed of a model, units or all of it, and how to run that again. */
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
  const failure = total === 0 ? await project.runs.failureOf(args.model) : undefined;
  if (args.json === true) return printJson({ total, units, ...(failure === undefined ? {} : { failure }) });
  const { colors, width, lines, aside } = createPrinter();
  const command = createCommandLine(args);
  if (failure !== undefined) {
    const { error, runId } = failure;
    lines(renderFailure({ model: args.model, error }, { colors, width, command }));
    aside(colors.dim("\nNo single unit failed: the model failed as a whole."));
    return aside(`${colors.dim("Next:")} ${colors.cyan(command("runs", "resume", runId))}`);
  }
  if (total === 0) return aside("No unit failed.");
  const rows = units.map((unit) => [
    unit.unit,
    ...(units.some((each) => each.document !== null) ? [unit.document] : []),
    unit.accepted === null ? unit.status : "accepted",
    unit.attempts,
    unit.code,
    unit.message,
  ]);
  const hasDocuments = units.some((each) => each.document !== null);
  const columns = ["unit", ...(hasDocuments ? ["document"] : []), "status", "attempts", "code", "message"];
  lines(renderTable({ columns, rows, colors, width }));
  const limit = String(Math.min(total, args.limit * 10));
  const more = total > units.length ? ` · more: ${command("show", args.model, "--errors", "--limit", limit)}` : "";
  aside(colors.dim(`\n${units.length === total ? "" : `${units.length} of `}${plural(total, "failed unit")}${more}`));
  aside(`${colors.dim("Next:")} ${colors.cyan(command("retry", args.model))}`);
  if (units.some(({ status, accepted }) => status === "quarantined" && accepted === null))
    aside(`${colors.dim("Or live with them:")} ${colors.cyan(command("accept", args.model))}`);
  if (units.some(({ code }) => code.startsWith("LLM_")))
    aside(`${colors.dim("What was asked:")} ${colors.cyan(command("llm", "log", args.model))}`);
}
