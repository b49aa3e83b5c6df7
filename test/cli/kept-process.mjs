// Runs the command lines that it is sent, one after the other. What a process does once, it does once for all of them.
import { setTimeout as sleep } from "node:timers/promises";
import { runCommand } from "../../dist/cli/main/run-command.js";

const PATIENCE_MS = 30_000;
const { log, info, debug } = console;
const outputs = [process.stdout, process.stderr];

process.on("message", async ({ args, cwd, env, command }) => {
  const open = countOpen();
  process.argv.splice(1, Infinity, command, ...args);
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, env);
  process.chdir(cwd);
  const code = await runCommand(args);
  // With anything left open, a process of its own would not end here either.
  const until = performance.now() + PATIENCE_MS;
  while (countOpen() > open) {
    if (performance.now() > until) throw new Error(`Left open: ${process.getActiveResourcesInfo().join(", ")}`);
    await sleep(1);
  }
  Object.assign(console, { log, info, debug });
  for (const output of outputs) output.write(`\0${code}\0`);
});
process.on("disconnect", () => process.exit());

// Connections, timers, children: all that a process waits for, except requests, which end by themselves.
function countOpen() {
  return process.getActiveResourcesInfo().filter((name) => !/Req|Immediate/.test(name)).length;
}
