import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Database } from "../../src/database/connect.ts";
import type { RunPlan } from "../../src/plan/run-plan.ts";
import type { RunResult } from "../../src/state/results.ts";
import type { Answer, Request } from "./history-child.ts";
import type { HistoryProcess, ProcessOptions, ProcessPlan, ProcessRun } from "./history-process.ts";

/** About as long as a statement takes, with what is around it. */
const STATEMENT_MS = 4;

/** A process of the operating system that uses the package as its users do, and dies by SIGKILL. */
export class KilledProcess implements HistoryProcess {
  readonly #child: ChildProcess;
  readonly #callsFile: string;
  readonly #ended: Promise<unknown>;
  isDead = false;

  private constructor(child: ChildProcess, callsFile: string) {
    this.#child = child;
    this.#callsFile = callsFile;
    this.#ended = once(child, "exit").then(() => (this.isDead = true));
  }

  static async start(file: string, options: ProcessOptions): Promise<KilledProcess> {
    const callsFile = join(options.directory, `calls-${options.target}.log`);
    const child = fork(file, [JSON.stringify(options), callsFile], {
      execArgv: [],
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    return new KilledProcess(child, callsFile);
  }

  get calls(): readonly string[] {
    if (!existsSync(this.#callsFile)) return [];
    return readFileSync(this.#callsFile, "utf8")
      .split("\n")
      .filter((line) => line !== "");
  }

  /** Every third death comes by the clock, whatever the process is doing then; the others at a statement. */
  async run({ death, ...run }: ProcessRun): Promise<RunResult | undefined> {
    rmSync(this.#callsFile, { force: true });
    const isByClock = death !== undefined && death.statement % 3 === 0;
    const timer = isByClock ? setTimeout(() => this.#child.kill("SIGKILL"), death.statement * STATEMENT_MS) : undefined;
    try {
      return (await this.#ask({ run: { ...run, death: isByClock ? undefined : death } })) as RunResult | undefined;
    } finally {
      clearTimeout(timer);
    }
  }

  async plan(plan: ProcessPlan): Promise<RunPlan> {
    return (await this.#ask({ plan })) as RunPlan;
  }

  async #ask(request: Request): Promise<unknown> {
    this.#child.send(request);
    const answered = once(this.#child, "message").then(([answer]) => answer as Answer);
    const died = this.#ended.then((): Answer => ({}));
    const { result, error } = await Promise.race([answered, died]);
    if (error !== undefined) throw new Error(error);
    return result;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.isDead) return;
    this.#child.disconnect();
    await this.#ended;
  }

  async isGone(admin: Database): Promise<void> {
    const name = `millrace %-${this.#child.pid}-%`;
    while ((await admin.query("select from pg_stat_activity where application_name like $1", [name])).length > 0)
      await sleep(2);
  }
}
