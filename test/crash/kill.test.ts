import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { Random } from "../support/random.ts";
import { createCrashProject, type Command, type CrashProject } from "./crash-project.ts";

// More units and kills take minutes: MILLRACE_KILLS=50 MILLRACE_KILL_UNITS=5000.
const DOCUMENTS = Number(process.env["MILLRACE_KILL_UNITS"] ?? 150);
const KILLS = Number(process.env["MILLRACE_KILLS"] ?? 6);
const SEED = Number(process.env["MILLRACE_SEED"] ?? 1);
const MAX_START_MS = 1_200;

async function calmTables(): Promise<unknown> {
  await using calm = await createCrashProject(DOCUMENTS);
  const { code, output } = await calm.start(["run"]).ended;
  expect(code, output).toBe(0);
  return await calm.tables();
}

async function lastRun(project: CrashProject): Promise<{ run_id: string; status: string } | undefined> {
  const [row] = await project.test.query("select run_id, status from millrace.run order by started_at desc limit 1");
  return row as { run_id: string; status: string } | undefined;
}

/** Some moment of a process that starts where `done` of its units were committed. */
async function someMoment(
  random: Random,
  { project, command, kill, done }: { project: CrashProject; command: Command; kill: number; done: number },
): Promise<void> {
  if (random.chance(0.15)) return sleep(random.int(0, MAX_START_MS));
  const ended = new AbortController();
  void command.ended.then(() => ended.abort());
  const begun = await project.countCalls();
  // The kills are spread over lines and words alike, and the last one leaves something to do.
  const goal = Math.max(1, Math.floor((0.95 * 2 * DOCUMENTS * (kill + random.next())) / KILLS) - done);
  while (!ended.signal.aborted && (await project.countCalls()) < begun + goal) await sleep(5);
}

test(
  "killed again and again, the tables end as those of a calm run and no committed unit is processed twice",
  { timeout: 240_000 + KILLS * 20_000 },
  async () => {
    const random = new Random(SEED);
    const expected = await calmTables();
    await using project = await createCrashProject(DOCUMENTS);
    await project.test.project.openDatabase();
    const met = { start: 0, lines: 0, words: 0 };
    for (let kill = 0; kill < KILLS; kill += 1) {
      const before = new Set(await project.committed());
      const interrupted = await lastRun(project);
      const useResume = kill % 2 === 1 && interrupted?.status === "running";
      const command = project.start(useResume ? ["runs", "resume", interrupted.run_id] : ["run"]);
      await someMoment(random, { project, command, kill, done: before.size });
      command.kill("SIGKILL");
      const { code, output } = await command.ended;
      expect(code, output).toBeNull();
      const calls = await project.takeCalls();
      expect(calls.filter((unit) => before.has(unit))).toEqual([]);
      met[calls.length === 0 ? "start" : calls.at(-1)?.startsWith("words ") === true ? "words" : "lines"] += 1;
    }
    const before = new Set(await project.committed());
    console.log(`kills met ${JSON.stringify(met)}; before the last run ${before.size} units were committed`);
    expect(met.lines + met.words).toBeGreaterThanOrEqual(KILLS / 2);
    const { code, output } = await project.start(["run"]).ended;
    expect(code, output).toBe(0);
    const calls = await project.takeCalls();
    expect(calls.length).toBeGreaterThan(0);
    expect(calls.filter((unit) => before.has(unit))).toEqual([]);
    expect(await project.tables()).toEqual(expected);
  },
);

test(
  "a run that was killed is resumed under its id, and only what did not succeed runs",
  { timeout: 120_000 },
  async () => {
    await using project = await createCrashProject(DOCUMENTS);
    await project.test.project.openDatabase();
    const command = project.start(["run"]);
    while ((await project.committed()).length < 30) await sleep(20);
    command.kill("SIGKILL");
    await command.ended;
    // The server takes a moment to notice that the process is gone.
    await expect.poll(async () => (await project.test.project.runs.show("last")).status).toBe("interrupted");
    const interrupted = await project.test.project.runs.show("last");
    expect(interrupted.modelRuns.map(({ status }) => status)).toEqual(["interrupted", "waiting", "waiting"]);
    const [later] = await project.test.project.runs.list();
    expect(later?.durationMs, "the time of a run ends with its process").toBe(interrupted.durationMs);
    const before = new Set(await project.committed());
    await project.takeCalls();
    const { code, output } = await project.start(["runs", "resume", interrupted.runId]).ended;
    expect(code, output).toBe(0);
    expect((await project.takeCalls()).filter((unit) => before.has(unit))).toEqual([]);
    const shown = await project.test.project.runs.show(interrupted.runId);
    expect(shown).toMatchObject({ status: "succeeded" });
    expect(shown.modelRuns.find((model) => model.model === "words.lines")).toMatchObject({ unitsTotal: DOCUMENTS });
  },
);

test("a full refresh that was killed is not forgotten: a plain run points at it", { timeout: 120_000 }, async () => {
  await using project = await createCrashProject(DOCUMENTS);
  await project.test.project.openDatabase();
  expect((await project.start(["run"], { UNIT_MS: "0" }).ended).code).toBe(0);
  const before = await project.countCalls();
  const command = project.start(["run", "--full-refresh"]);
  while ((await project.countCalls()) < before + 30) await sleep(20);
  command.kill("SIGKILL");
  await command.ended;
  await expect.poll(async () => (await project.test.project.runs.show("last")).status).toBe("interrupted");
  const { runId } = await project.test.project.runs.show("last");
  const plain = await project.start(["run"]).ended;
  expect(plain.output).toContain(`The full refresh of run ${runId} was not finished`);
  expect(plain.output).toContain(`runs resume ${runId} `);
  const resumed = await project.start(["runs", "resume", runId]).ended;
  expect(resumed.code, resumed.output).toBe(0);
  const { modelRuns } = await project.test.project.runs.show(runId);
  const counts = modelRuns.map(({ model, unitsTotal, unitsDone }) => ({ model, unitsTotal, unitsDone }));
  expect(counts[0]).toEqual({ model: "words.lines", unitsTotal: DOCUMENTS, unitsDone: DOCUMENTS });
  expect(counts[1]?.unitsDone).toBe(counts[1]?.unitsTotal);
  expect((await project.start(["run"]).ended).output).not.toContain("was not finished");
});

test(
  "a process that was suspended past its lease writes nothing once another has taken over",
  { timeout: 120_000 },
  async () => {
    await using project = await createCrashProject(24);
    await project.test.project.openDatabase();
    const environment = { MILLRACE_LEASE_SECONDS: "2", UNIT_MS: "500" };
    const suspended = project.start(["run"], environment);
    while ((await project.committed()).length < 4) await sleep(20);
    suspended.kill("SIGSTOP");
    const second = await project.start(["run"], environment).ended;
    expect(second.code, second.output).toBe(0);
    const after = await project.test.query("select max(updated_at)::text as latest, count(*)::int as rows from lines");
    suspended.kill("SIGCONT");
    const first = await suspended.ended;
    expect(first.code).toBe(1);
    expect(first.output).toContain("LEASE_LOST");
    expect(
      await project.test.query("select max(updated_at)::text as latest, count(*)::int as rows from lines"),
    ).toEqual(after);
  },
);

test("two runs at once process each unit once", { timeout: 120_000 }, async () => {
  await using project = await createCrashProject(DOCUMENTS);
  await project.test.project.openDatabase();
  const results = await Promise.all([project.start(["run"]).ended, project.start(["run"]).ended]);
  expect(
    results.map((result) => result.code),
    results.map((result) => result.output).join("\n"),
  ).toEqual([0, 0]);
  const calls = await project.takeCalls();
  expect(calls.length).toBe(new Set(calls).size);
});

test("Ctrl-C cancels, keeps what is finished, says how to go on and exits with 130", { timeout: 120_000 }, async () => {
  await using project = await createCrashProject(DOCUMENTS);
  await project.test.project.openDatabase();
  const command = project.start(["run"]);
  while ((await project.committed()).length < 20) await sleep(20);
  command.kill("SIGINT");
  const { code, output } = await command.ended;
  expect(code, output).toBe(130);
  const run = await lastRun(project);
  expect(run?.status).toBe("cancelled");
  expect(output).toContain(`millrace runs resume ${run?.run_id}`);
});
