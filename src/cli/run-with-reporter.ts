import { writeRunArtifacts } from "../dbt/write-artifacts.ts";
import { createReporter } from "../display/reporters/create-reporter.ts";
import type { Project } from "../project/project.ts";
import type { RunResult } from "../state/results.ts";
import type { RunEventListener } from "../state/run-events.ts";
import { createCommandLine } from "./command-line.ts";
import type { ExitCode } from "./define-command.ts";
import { withInterrupt } from "./interrupt.ts";
import { printWarning } from "./select-options.ts";

/** Arguments of every command that plays a run. */
interface PlayArgs {
  readonly project: string;
  readonly json?: boolean | undefined;
  readonly verbose?: boolean | undefined;
}

interface PlayHooks {
  readonly onEvent: RunEventListener;
  readonly signal: AbortSignal;
}

/** Plays a run in front of a person or a program, and writes down what became of it; Ctrl-C cancels it. */
export async function runWithReporter(
  project: Project,
  args: PlayArgs,
  play: (hooks: PlayHooks) => Promise<RunResult>,
): Promise<ExitCode> {
  const reporter = await createReporter({
    json: args.json === true,
    isVerbose: args.verbose === true,
    output: process.stdout,
    command: createCommandLine(args),
  });
  const onEvent: RunEventListener = (event) => reporter.onEvent(event);
  const onInterrupt = () => {
    const message = "Cancelling; finished units are kept. Ctrl-C again stops at once.";
    onEvent({ type: "warning", at: new Date().toISOString(), message });
  };
  try {
    return await withInterrupt(
      async (signal) => {
        const result = await play({ onEvent, signal });
        await writeRunArtifacts(project, result, printWarning);
        return result.status === "succeeded" ? 0 : 1;
      },
      { onInterrupt },
    );
  } finally {
    reporter.close();
  }
}
