import { UsageError } from "../core/errors.ts";
import { exactMatch, judge, type Metric, setF1 } from "../llm/tuning/metrics.ts";
import { importExport } from "../project/find-signature.ts";
import type { Project } from "../project/project.ts";

/** For the help of options that take one. */
export const METRIC_HELP = "exact[:field,…], f1:list[:key,…], judge:rubric, or a function: file.ts#name";

/** The metric that `--metric` spells. */
export async function readMetric(project: Project, text: string): Promise<Metric> {
  const [kind = "", ...rest] = text.split(":");
  const [first = "", second = ""] = rest;
  if (kind === "exact") return exactMatch(first === "" ? undefined : first.split(","));
  if (kind === "judge" && first !== "") return judge(rest.join(":"));
  if (kind === "f1" && first !== "") return setF1({ list: first, ...(second === "" ? {} : { by: second.split(",") }) });
  if (!text.includes("#")) {
    throw new UsageError("OPTION_VALUE", `--metric ${text}: unknown metric.`, {
      hint: `Use ${METRIC_HELP}.`,
    });
  }
  const found = await importExport(project, text);
  if (typeof found === "function") return found as Metric;
  throw new UsageError("OPTION_VALUE", `--metric ${text} must export a function.`, {
    hint: "Export a function (output, expected) => a number from 0 to 1.",
  });
}
