import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { createCrashProject, type CrashProject } from "./crash-project.ts";

// More units and kills take minutes: MILLRACE_KILLS=50 MILLRACE_KILL_UNITS=5000.
const DOCUMENTS = Number(process.env["MILLRACE_KILL_UNITS"] ?? 150);
const KILLS = Number(process.env["MILLRACE_KILLS"] ?? 6);

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

test(
  "killed again and again, the tables end as those of a calm run and no committed unit is processed twice",
  { timeout: 240_000 + KILLS * 20_000 },
  async () => {
    const expected = await calmTables();
    await using project = await createCrashProject(DOCUMENTS);
    await project.test.project.openDatabase();
    for (let kill = 0; kill < KILLS; kill += 1) {
      const before = new Set(await project.committed());
      const interrupted = await lastRun(project);
      const useResume = kill % 2 === 1 && interrupted?.status === "running";
      const command = project.start(useResume ? ["runs", "resume", interrupted.run_id] : ["run"]);
      // Most moments fall between the start of the process and the end of its work.
      await sleep(300 + ((kill * 397) % (1_500 + DOCUMENTS)));
      command.kill("SIGKILL");
      await command.ended;
      const repeated = (await project.takeCalls()).filter((unit) => before.has(unit));
      expect(repeated).toEqual([]);
    }
    const before = new Set(await project.committed());
    const { code, output } = await project.start(["run"]).ended;
    expect(code, output).toBe(0);
    expect((await project.takeCalls()).filter((unit) => before.has(unit))).toEqual([]);
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
