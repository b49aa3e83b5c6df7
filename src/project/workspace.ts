import type { Database } from "../database/connect.ts";
import type { Graph } from "../graph/build-graph.ts";
import type { PipelineRunner } from "../run/pipeline-runner.ts";
import type { RunnableProject } from "../run/prepare-run.ts";

/** Everything that hangs on an open database connection; made at the first use. */
export interface Session extends AsyncDisposable {
  readonly database: Database;
  readonly runner: PipelineRunner;
}

/** A project as the parts of its API see it. */
export interface Workspace extends RunnableProject {
  /** The graph of all models of the project. */
  graph(): Graph;
  openDatabase(): Promise<Database>;
  session(): Promise<Session>;
}
