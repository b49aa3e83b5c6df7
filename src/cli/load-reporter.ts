import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { UsageError } from "../core/errors.ts";
import type { Reporter, ReporterContext } from "../display/reporters/reporter.ts";
import { importProjectFile } from "../model/load/load-files.ts";
import type { RunEvent } from "../state/run-events.ts";
import { printWarning } from "./select-options.ts";

/** The reporter that a module exports as its default, or makes; `file` is as typed. */
export async function loadReporter(file: string, context: ReporterContext): Promise<Reporter> {
  const path = resolve(file);
  if (!existsSync(path)) {
    throw new UsageError("FILE_NOT_FOUND", `--reporter ${file}: there is no such file.`, {
      hint: "Name a module relative to the current folder.",
    });
  }
  const exported = (await importProjectFile(context.directory, path))["default"];
  const reporter = await createFrom(exported, context).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError("REPORTER_INVALID", `--reporter ${file}: ${reason}`, { cause: error });
  });
  if (isReporter(reporter)) return new GuardedReporter(reporter, file);
  const found = typeof exported === "function" ? "its function returns no reporter" : "it exports no reporter";
  throw new UsageError("REPORTER_INVALID", `--reporter ${file}: ${found}.`, {
    hint: "Let its default export be an object with `onEvent(event)`, or a class or function that makes one.",
  });
}

async function createFrom(exported: unknown, context: ReporterContext): Promise<unknown> {
  if (typeof exported !== "function") return exported;
  // Only a class has it; it cannot be called like a function.
  if (isReporter(exported.prototype)) return new (exported as new (context: ReporterContext) => Reporter)(context);
  return (exported as (context: ReporterContext) => unknown)(context);
}

function isReporter(value: unknown): value is Reporter {
  return typeof value === "object" && value !== null && "onEvent" in value && typeof value.onEvent === "function";
}

/** A project's reporter, whose failures are warnings: a run must not fail because of somebody who only watches it. */
class GuardedReporter implements Reporter {
  readonly #reporter: Reporter;
  readonly #file: string;
  readonly #pending = new Set<Promise<void>>();
  #hasFailed = false;

  constructor(reporter: Reporter, file: string) {
    this.#reporter = reporter;
    this.#file = file;
  }

  onEvent(event: RunEvent): void {
    if (this.#hasFailed) return;
    const work = this.#guard(() => this.#reporter.onEvent(event)).finally(() => this.#pending.delete(work));
    this.#pending.add(work);
  }

  async close(): Promise<void> {
    await Promise.all(this.#pending);
    await this.#guard(() => this.#reporter.close?.());
  }

  async #guard(work: () => void | Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!this.#hasFailed) {
        const reason = error instanceof Error ? error.message : String(error);
        printWarning(`Reporter ${this.#file} failed and gets no more events: ${reason}`);
      }
      this.#hasFailed = true;
    }
  }
}
