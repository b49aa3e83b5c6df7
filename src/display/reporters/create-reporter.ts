import { createPalette, isLive } from "../output.ts";
import type { Reporter, ReporterOptions } from "./reporter.ts";

/** The display that suits an output: JSON when asked for, a live tree on a terminal, plain lines elsewhere. */
export async function createReporter(
  options: Omit<ReporterOptions, "colors"> & { readonly json: boolean },
): Promise<Reporter> {
  const { output, environment = process.env } = options;
  if (options.json) {
    const { JsonReporter } = await import("./json-reporter.ts");
    return new JsonReporter(options);
  }
  const colors = createPalette(output, environment);
  if (isLive(output, environment)) {
    const { TreeReporter } = await import("./tree-reporter.ts");
    return new TreeReporter({ ...options, colors });
  }
  const { LineReporter } = await import("./line-reporter.ts");
  return new LineReporter({ ...options, colors });
}
