import { type ChildProcess, spawn } from "node:child_process";
import { writeSync } from "node:fs";
import { Session } from "node:inspector";
import { parentPort, workerData } from "node:worker_threads";

const CHECK_MS = 250;
/** How long the loop may stand still before it counts as blocked. */
const BLOCKED_MS = 1_000;
/** How long it may stay blocked after a Ctrl-C that it has heard. */
const GRACE_MS = 10_000;
const HEARD = 7;
const STDERR = 2;

const shared = workerData as Int32Array;
const deadlines = new Map<string, number>();
let beat = -1;
let movedAt = Date.now();
let listener: ChildProcess | undefined;
let heard = 0;
let isEnding = false;

parentPort?.on("message", ({ model, deadline }: { readonly model: string; readonly deadline?: number }) => {
  if (deadline === undefined) deadlines.delete(model);
  else deadlines.set(model, deadline);
});
setInterval(check, CHECK_MS);

function check(): void {
  const now = Date.now();
  const current = Atomics.load(shared, 0);
  if (current !== beat) {
    beat = current;
    movedAt = now;
    heard = 0;
    listener?.kill("SIGKILL");
    listener = undefined;
    return;
  }
  const blockedMs = now - movedAt;
  if (blockedMs < BLOCKED_MS || isEnding) return;
  // The loop itself ends a model in time as long as it turns.
  const late = [...deadlines].find(([, deadline]) => now > deadline + BLOCKED_MS);
  if (late !== undefined) void end(1, { model: late[0], why: "past its `timeoutMs`" });
  else if (Atomics.load(shared, 1) > 0 && blockedMs > GRACE_MS) void end(130, { why: "although it was to stop" });
  else listener ??= listen();
}

/** A terminal sends Ctrl-C to every process of its group; this one does nothing but hear it. */
function listen(): ChildProcess {
  const child = spawn("/bin/sh", ["-c", `trap 'exit ${HEARD}' INT; read line`], {
    stdio: ["pipe", "ignore", "ignore"],
  });
  child
    .on("error", () => undefined)
    .on("exit", (code) => {
      if (code !== HEARD || listener !== child) return;
      listener = undefined;
      heard += 1;
      if (heard + Atomics.load(shared, 1) >= 2) void end(130, { why: "although it was to stop" });
      else {
        writeSync(STDERR, "\nA function blocks the process. Press Ctrl-C again to end it; finished units are kept.\n");
        listener = listen();
      }
    });
  return child;
}

async function end(code: number, { model, why }: { readonly model?: string; readonly why: string }): Promise<void> {
  if (isEnding) return;
  isEnding = true;
  listener?.kill("SIGKILL");
  const session = new Session();
  session.connectToMainThread();
  // What runs within the blocked function sees what that function runs for.
  const found = await evaluate(
    session,
    `JSON.stringify(globalThis[Symbol.for("millrace.activity")]?.getStore(), ["model", "unit"])`,
  );
  const at = (found === undefined ? { model } : JSON.parse(found)) as {
    readonly model?: string;
    readonly unit?: string;
  };
  const subject = `${at.model === undefined ? "A model" : `Model "${at.model}"`}${at.unit === undefined ? "" : `, unit "${at.unit}"`}`;
  writeSync(
    STDERR,
    `\n✗ ${subject}: its function blocks the process ${why}; the process was ended. [UNIT_BLOCKED]\n  → Fix the function, then go on with \`millrace runs resume last\`. Finished units are kept.\n`,
  );
  // Without its standard error, on which Node would speak of a debugger.
  await evaluate(session, `process.getBuiltinModule?.("node:fs").closeSync(2); process.reallyExit(${code})`);
  // Within a system call nothing can be evaluated.
  process.kill(process.pid, "SIGKILL");
}

function evaluate(session: Session, expression: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    setTimeout(() => resolve(undefined), BLOCKED_MS);
    session.post("Runtime.evaluate", { expression }, (error, answer) => {
      const value: unknown = error === null ? answer.result.value : undefined;
      resolve(typeof value === "string" ? value : undefined);
    });
  });
}
