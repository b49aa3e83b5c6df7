// What a project of 300 models costs before anything runs: `ls`, `plan`, selection and the compiler. The server is up; the
// first of each pair is the first time after the files were written.
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { withBenchDatabase } from "./bench-database.ts";
import { generateModels } from "./generate-models.ts";
import { median, printTable } from "./measure.ts";

const MODELS = Number(process.env["MODELS"] ?? 300);
const ROUNDS = 5;
const root = fileURLToPath(new URL("..", import.meta.url));
const program = join(root, "bin", "millrace.js");

async function run(args: readonly string[], options: { readonly cwd: string; readonly databaseUrl?: string }) {
  const started = performance.now();
  const child = spawn(process.execPath, args, {
    cwd: options.cwd,
    env: { ...process.env, DATABASE_URL: options.databaseUrl ?? "" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  const code = await new Promise((resolve) => child.once("close", resolve));
  if (code !== 0) throw new Error(`${args.join(" ")} ended with ${String(code)}\n${output}`);
  return { ms: performance.now() - started, output };
}

const directory = await mkdtemp(join(tmpdir(), "millrace-many-"));
try {
  await generateModels(directory, MODELS);
  await mkdir(join(directory, "node_modules"));
  for (const name of (await readdir(join(root, "node_modules"))).filter((each) => !each.startsWith(".")))
    await symlink(join(root, "node_modules", name), join(directory, "node_modules", name), "junction");
  await symlink(root, join(directory, "node_modules", "millrace"), "junction");
  const compiled = await run([join(root, "node_modules/typescript/bin/tsc"), "--extendedDiagnostics"], {
    cwd: directory,
  });
  const instantiations = Number(/Instantiations:\s+(\d+)/.exec(compiled.output)?.[1]);
  console.log(
    `tsc: ${instantiations} instantiations, ${Math.round(instantiations / MODELS)} a model, ${Math.round(compiled.ms)} ms`,
  );

  const commands = [
    ["ls"],
    ["plan"],
    ["ls", "--select", "+area010+", "tag:nightly,area003"],
    ["plan", "--select", "+area010.model160+1"],
    ["ls", "--select", "state:modified+"],
  ];
  await withBenchDatabase(async ({ url: databaseUrl }) => {
    const rows: (readonly string[])[] = [];
    for (const command of commands) {
      const times: number[] = [];
      for (let round = 0; round <= ROUNDS; round += 1) {
        times.push((await run([program, ...command, "--json"], { cwd: directory, databaseUrl })).ms);
      }
      const [first = Number.NaN, ...others] = times;
      rows.push([command.join(" "), first.toFixed(0), median(others).toFixed(0)]);
    }
    printTable(`${MODELS} models: ms of a command, median of ${ROUNDS}`, ["command", "first", "then"], rows);
  });
} finally {
  await rm(directory, { recursive: true, force: true });
}
