import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { COMMAND, createFolder, runCli } from "./run-cli.ts";

const wrong: readonly (readonly [string, string])[] = [
  ["rnu", '`millrace` has no command "rnu". Did you mean "run"? [COMMAND_UNKNOWN]'],
  ["runs shwo", '`millrace runs` has no command "shwo". Did you mean "show"? [COMMAND_UNKNOWN]'],
  ["constructor", '`millrace` has no command "constructor". [COMMAND_UNKNOWN]'],
  ["--verbose run", "`millrace` has no option --verbose. [OPTION_UNKNOWN]"],
  ["run --full-refesh", '`millrace run` has no option --full-refesh. Did you mean "--full-refresh"? [OPTION_UNKNOWN]'],
  ["run --full", '`millrace run` has no option --full. Did you mean "--full-refresh"? [OPTION_UNKNOWN]'],
  ["run --nowait", '`millrace run` has no option --nowait. Did you mean "--no-wait"? [OPTION_UNKNOWN]'],
  ["run --no-full-refresh", "`millrace run` has no option --no-full-refresh."],
  ["run --constructor", "`millrace run` has no option --constructor. [OPTION_UNKNOWN]"],
  ["run -x", "`millrace run` has no option -x. [OPTION_UNKNOWN]"],
  ["run --limit", "--limit needs a value. [OPTION_VALUE]"],
  ["run --limit --verbose", "--limit needs a value. [OPTION_VALUE]"],
  ["run --limit 0", "--limit 0: expected a whole number above 0. [OPTION_VALUE]"],
  ["run --limit 1 --limit 2", "--limit may be given once. [OPTION_REPEATED]"],
  ["run --verbose=yes", "--verbose takes no value. [OPTION_VALUE]"],
  ["run --set chars", "--set chars: expected parameter=value. [OPTION_VALUE]"],
  [
    "run --stop-on-error --continue-on-error",
    "--continue-on-error and --stop-on-error cannot be combined. [OPTIONS_CONFLICT]",
  ],
  ["run a b", '`millrace run` does not know what to do with "b". [ARGUMENT_UNKNOWN]'],
  ["show", "`millrace show` needs <model>: Name of a model, or of its table. [ARGUMENT_MISSING]"],
  ["llm eval classify", '`millrace llm eval` needs --data: JSONL of {"input": …, "expected": …}. [OPTION_MISSING]'],
  ["graph --format mermaidd", '--format mermaidd: not one of text, mermaid. Did you mean "mermaid"? [OPTION_VALUE]'],
];

test.concurrent.for(wrong)("millrace %s is wrong use", async ([line, message]) => {
  const { code, stdout, stderr } = await runCli(line.split(" "));
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toContain(message);
  if (!line.includes("--verbose")) expect(stderr).not.toContain("    at ");
});

test.each(["show", "resume", "cancel", "logs"])("runs %s of an empty variable is no run", async (command) => {
  const { code, stderr } = await runCli(["runs", command, ""]);
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining("<run> is empty. [ARGUMENT_EMPTY]") });
});

test.skipIf(process.platform !== "linux")("a project where no folder can be is refused at once", async () => {
  const { code, stderr } = await runCli(["init", "/proc/shop"]);
  expect(code).toBe(2);
  expect(stderr).toContain("The folder /proc/shop cannot be created");
});

test("a group without a command shows its commands", async () => {
  const { code, stdout, stderr } = await runCli(["db"]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toContain("Usage  millrace db <command>");
});

test("errors are JSON where the data would be", async () => {
  const { code, stdout, stderr } = await runCli(["run", "--json", "--limit", "x"]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(JSON.parse(stderr)).toEqual({
    error: { code: "OPTION_VALUE", message: "--limit x: expected a whole number above 0." },
  });
});

test("a folder without a project says how to get one; --verbose adds the stack", async () => {
  await using folder = await createFolder();
  const plain = await runCli(["ls"], { cwd: folder.path });
  expect(plain.code).toBe(2);
  expect(plain.stderr).toBe(
    `✗ No millrace.config.ts in ${folder.path}. [PROJECT_NOT_FOUND]\n  → Run in a project's folder, pass it with --project, or create a project with \`millrace init\`.\n`,
  );
  expect((await runCli(["ls", "--verbose"], { cwd: folder.path })).stderr).toMatch(/\n {4}at /);
});

test("a reader that leaves early is no failure", async () => {
  const child = spawn(process.execPath, [COMMAND, "--help"], { stdio: ["ignore", "pipe", "pipe"] });
  let stderr = "";
  child.stderr.on("data", (text) => (stderr += String(text)));
  child.stdout.destroy();
  const [code] = (await once(child, "close")) as [number];
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
});
