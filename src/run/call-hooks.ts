import { errorToJson, MillraceError } from "../core/errors.ts";
import type { Database } from "../database/connect.ts";
import type { ProjectConfig } from "../model/project-config.ts";
import type { EventLog } from "../state/event-log.ts";
import type { RunResult } from "../state/results.ts";
import type { RunSpec } from "../state/run-store.ts";

interface HookContext {
  readonly config: ProjectConfig;
  readonly database: Database;
}

/** Calls the project's hook before the first model; when it fails, no model runs. */
export async function callRunStart({ config, database }: HookContext, spec: RunSpec): Promise<void> {
  if (config.onRunStart === undefined) return;
  const { runId, pipeline, mode } = spec;
  try {
    await config.onRunStart({
      runId,
      pipeline,
      mode,
      models: spec.models.map(({ name }) => name),
      ...queryOf(database),
    });
  } catch (error) {
    const { code, message } = errorToJson(error);
    throw new MillraceError("HOOK_FAILED", `onRunStart failed: ${code}: ${message}`, {
      cause: error,
      hint: "Fix onRunStart in millrace.config.ts, then resume the run; no model has run.",
    });
  }
}

/** Calls the project's hook after the last model. The run has ended by then, whatever happens here. */
export async function callRunEnd(
  { config, database }: HookContext,
  result: RunResult,
  events: EventLog,
): Promise<void> {
  if (config.onRunEnd === undefined) return;
  try {
    await config.onRunEnd({ ...result, ...queryOf(database) });
  } catch (error) {
    const { code, message } = errorToJson(error);
    events.emit({ type: "warning", message: `onRunEnd failed: ${code}: ${message}` });
    await events.flush();
  }
}

const queryOf = (database: Database) => ({
  query: (text: string, parameters: readonly unknown[] = []) => database.query(text, parameters),
});
