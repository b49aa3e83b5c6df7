import { lastEventAtSql } from "./event-log.ts";
import { isAliveSql } from "./executor-id.ts";

/** The status of a row of `run`: a running one whose process is gone is `interrupted`. */
export const runStatusSql = `case when run.status = 'running' and not ${isAliveSql("run.executor_id")} then 'interrupted' else run.status end`;

/** When a run ended, as far as it has: of an interrupted one, when it was last heard of. */
export const runEndSql = (system: string): string => `coalesce(run.finished_at,
  case when ${isAliveSql("run.executor_id")} then now() end, ${lastEventAtSql(system, "run.run_id")}, run.started_at)`;
