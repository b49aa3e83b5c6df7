import { writeRunArtifacts } from "../dbt/write-artifacts.ts";
import { combineReporters } from "../display/reporters/combine-reporters.ts";
import { createReporter } from "../display/reporters/create-reporter.ts";
import type { Reporter } from "../display/reporters/reporter.ts";
import type { Project } from "../project/project.ts";
import type { RunResult } from "../state/results.ts";
import type { RunEventListener } from "../state/run-events.ts";
import { createCommandLine } from "./command-line.ts";
import type { ArgSpecs, ExitCode } from "./define-command.ts";
import { withInterrupt } from "./interrupt.ts";
import { Watchdog } from "./watchdog.ts";
import { loadReporter } from "./load-reporter.ts";
import { printWarning } from "./select-options.ts";

/** Options of the commands that show a run; `reporter` may be given several times. */
export const reporterArgs = {
  reporter: {
    type: "string",
    valueHint: "file",
    description: "Module that receives the events of the run; `default` is the built-in display",
  },
} as const satisfies ArgSpecs;

/** What a command line says of how a run is shown. */
export interface ReporterInput {
  readonly args: {
    readonly project: string;
    readonly json?: boolean | undefined;
    readonly verbose?: boolean | undefined;
  };
  readonly all: (option: "reporter") => readonly string[];
}

const CANCELLING =
  "Cancelling; finished units are kept. Calls in flight have 10 s to end; press Ctrl-C again to abort them.";

interface RunHooks {
  readonly onEvent: RunEventListener;
  readonly signal: AbortSignal;
}

/** Shows a run to a person or a program while it goes on, and writes its artifacts; Ctrl-C cancels it. */
export async function runWithReporter(
  project: Project,
  input: ReporterInput,
  run: (hooks: RunHooks) => Promise<RunResult>,
): Promise<ExitCode> {
  const reporter = await openReporter(project, input);
  using watchdog = new Watchdog();
  const onEvent: RunEventListener = (event) => {
    if (event.type === "model_started")
      watchdog.modelStarted(event.model, project.registry.find(event.model)?.timeoutMs);
    if (event.type === "model_finished" || event.type === "model_failed" || event.type === "model_retrying")
      watchdog.modelEnded(event.model);
    void reporter.onEvent(event);
  };
  const onInterrupt = (count: number) => {
    watchdog.interrupted();
    const message = count === 1 ? CANCELLING : "Calls in flight are aborted. Press Ctrl-C again to end the process.";
    onEvent({ type: "warning", at: new Date().toISOString(), message });
  };
  try {
    return await withInterrupt(
      async (signal) => {
        const result = await run({ onEvent, signal });
        await writeRunArtifacts(project, result, printWarning);
        return result.status === "succeeded" ? 0 : 1;
      },
      { onInterrupt },
    );
  } finally {
    await reporter.close?.();
  }
}

const DEFAULT = "default";

// With --json, standard output is for the data, whatever other reporters there are.
async function openReporter(project: Project, { args, all }: ReporterInput): Promise<Reporter> {
  const given = all("reporter");
  const isVerbose = args.verbose === true;
  const context = { directory: project.directory, output: process.stdout, isVerbose };
  const loaded = await Promise.all(given.filter((each) => each !== DEFAULT).map((file) => loadReporter(file, context)));
  if (loaded.length > 0 && args.json !== true && !given.includes(DEFAULT)) return combineReporters(loaded);
  const display = await createReporter({
    json: args.json === true,
    isVerbose,
    output: process.stdout,
    command: createCommandLine(args),
  });
  return combineReporters([display, ...loaded]);
}
