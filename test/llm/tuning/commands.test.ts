import { rm } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { runCli } from "../../cli/run-cli.ts";
import { createPromptProject } from "./prompt-project.ts";
import { startToyServer, tickets } from "./toy-task.ts";

const untilRequests = async (server: { readonly requests: number }, count: number) => {
  while (server.requests < count) await sleep(5);
};

test(
  "an optimisation that is killed goes on where it was: nothing is paid twice but calls in flight",
  { timeout: 300_000 },
  async () => {
    const concurrency = 4;
    const args = (data: string) =>
      ["llm", "optimize", "desk", "--data", data, "--concurrency", `${concurrency}`, "--max-cost", "20"] as const;
    await using calmServer = await startToyServer();
    await using calm = await createPromptProject(calmServer);
    await calm.run(...args(await calm.writeExamples("rows.jsonl", tickets(40))));

    await using server = await startToyServer({ latencyMs: 10 });
    await using project = await createPromptProject(server);
    const data = await project.writeExamples("rows.jsonl", tickets(40));
    const kills = [20, 50, 80];
    for (const count of kills) {
      const started = project.start(...args(data));
      await Promise.race([untilRequests(server, count), started.ended]);
      started.kill("SIGKILL");
      await started.ended;
    }
    await expect(project.read("programs/desk.json")).rejects.toThrow("ENOENT");
    const { code, stdout } = await project.run(...args(data));
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringMatching(/0\.250 → 1\.000/) as string });
    expect(server.requests).toBeLessThanOrEqual(calmServer.requests + kills.length * concurrency);
    const sent = new Map<string, number>();
    for (const { request } of server.log) {
      const key = JSON.stringify(request.messages);
      sent.set(key, (sent.get(key) ?? 0) + 1);
    }
    const twice = [...sent.values()].filter((times) => times > 1).length;
    expect(twice).toBeLessThanOrEqual(kills.length * concurrency);
    // The address of the server is the only difference.
    const ported = (text: string) => text.replaceAll(/127\.0\.0\.1:\d+/g, "host");
    expect(ported(await project.read("programs/desk.json"))).toBe(ported(await calm.read("programs/desk.json")));
  },
);

test("Ctrl-C ends an optimisation, which goes on when it is started again", async () => {
  await using server = await startToyServer({ latencyMs: 20 });
  await using project = await createPromptProject(server);
  const data = await project.writeExamples("rows.jsonl", tickets(40));
  const started = project.start("llm", "optimize", "desk", "--data", data);
  await untilRequests(server, 30);
  started.kill("SIGINT");
  expect(await started.ended).toMatchObject({
    code: 130,
    stderr: expect.stringContaining("responses are cached") as string,
  });
  expect(await project.run("llm", "optimize", "desk", "--data", data)).toMatchObject({ code: 0 });
});

test(
  "from rows to labels to a better prompt to better rows, all on the command line",
  { timeout: 300_000 },
  async () => {
    await using server = await startToyServer();
    await using project = await createPromptProject(server);
    await project.run("run");
    const asked = server.requests;
    expect(asked).toBe(8);

    const labelled = await project.run("llm", "label", "n.desks", "-n", "4", "--out", project.path("labels.jsonl"));
    expect(labelled.stderr).toContain("4 examples to correct");
    const rows = (await project.read("labels.jsonl")).trim().split("\n");
    expect(rows.map((row) => Object.keys(JSON.parse(row) as object))).toEqual(
      rows.map(() => ["unit", "input", "expected"]),
    );
    expect(server.requests).toBe(asked);

    const train = await project.writeExamples("train.jsonl", tickets(24));
    const dev = await project.writeExamples("dev.jsonl", tickets(20, 100));
    const before = await project.run("llm", "eval", "desk", "--data", dev);
    expect(before.stdout).toMatch(/^desk 0\.250 \(95 %: 0\.112 to 0\.469\)\n20 examples · 0 without an answer · /);
    const custom = await project.run(
      "llm",
      "eval",
      "n.desks",
      "--data",
      dev,
      "--metric",
      "models/prompts.ts#sameDesk",
      "--min-score",
      "0.5",
    );
    expect(custom).toMatchObject({ code: 1, stdout: expect.stringContaining("Another desk.") as string });

    const found = await project.run(
      "llm",
      "optimize",
      "models/prompts.ts#askDesk",
      "--data",
      train,
      "--dev",
      dev,
      "--max-cost",
      "20",
    );
    expect(found).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^desk 0\.250 → 1\.000 on held-out/) as string,
    });
    expect((await project.run("plan")).stdout).toMatch(/n\.desks +8 +8 prompt \(desk\)/);
    await project.run("run");
    const distinct = await project.test.query("select count(distinct desk)::int as desks from desks");
    expect(distinct).toEqual([{ desks: 4 }]);
    expect((await project.run("llm", "eval", "desk", "--data", dev)).stdout).toContain("desk 1.000");
    expect((await project.run("llm", "eval", "desk", "--data", dev, "--without-programs")).stdout).toContain(
      "desk 0.250",
    );

    const again = await project.run("llm", "optimize", "desk", "--data", train, "--dev", dev);
    expect(again).toMatchObject({ code: 1, stdout: expect.stringContaining("already answered correctly") as string });
    await rm(project.path("programs/desk.json"));
    const paid = server.requests;
    await project.run("run");
    expect(server.requests).toBe(paid);
  },
);

test("two prompts are compared line by line", async () => {
  await using server = await startToyServer();
  await using project = await createPromptProject(server);
  const data = await project.writeExamples("rows.jsonl", tickets(40));
  const fileOf = (strategy: string) => project.path(`${strategy}.json`);
  for (const strategy of ["instructions", "demonstrations"]) {
    const options = ["--strategy", strategy, "--rounds", "16", "--out", fileOf(strategy)];
    expect(await project.run("llm", "optimize", "desk", "--data", data, ...options)).toMatchObject({ code: 0 });
  }
  const diff = (one: string, other: string) => runCli(["llm", "diff", fileOf(one), fileOf(other)]);
  expect((await diff("instructions", "instructions")).stderr).toContain("The two prompts are the same.");
  const different = await diff("instructions", "demonstrations");
  expect(different.stdout).toMatch(
    /^instructions\n {4}Say which desk the ticket goes to\.\n(?: {2}- A ticket about \w+ goes to D\d\.\n)+demonstrations\n(?: {2}\+ \{"input":.*\n)+measured\n/,
  );
  expect(different.stdout).toContain("- search instructions, seed 1");
  expect(different.stdout).toContain("+ search demonstrations, seed 1");
});

test("what cannot be found is named, with what there is", async () => {
  await using server = await startToyServer();
  await using project = await createPromptProject(server);
  const data = await project.writeExamples("rows.jsonl", tickets(40));
  const fails = async (...args: readonly string[]) => {
    const { code, stderr } = await project.run(...args);
    expect(code).toBe(2);
    return stderr;
  };
  expect(await fails("llm", "eval", "dask", "--data", data)).toContain('Did you mean "desk"?');
  expect(await fails("llm", "eval", "models/none.ts#a", "--data", data)).toContain(
    "No such file in the project: models/none.ts",
  );
  expect(await fails("llm", "eval", "desk", "--data", "none.jsonl")).toContain("No such file: none.jsonl");
  expect(await fails("llm", "eval", "desk", "--data", data, "--metric", "good")).toContain("unknown metric");
  expect(await fails("llm", "label", "n.desks")).toContain("has no stored answers");
  expect(server.requests).toBe(0);
});
