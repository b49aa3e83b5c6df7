// What one model costs beside its own work, against a bare child workflow of DBOS with one step: both in this process, in
// turns. One more model: a chain of 21 less a chain of one, so that what a run costs by itself is not counted as a model's.
// In a full run every model has its turn; in a delta run those that have nothing to do are ended without one. What else the
// machine does only ever adds: the lower quartile of many short turns is told.
import { DBOS } from "@dbos-inc/dbos-sdk";
import { defineModel, definePipeline, type Model, openProject, ref } from "millrace";
import { integer, pipelineTable } from "millrace/schema";
import { withBenchDatabase } from "./bench-database.ts";
import { lowerQuartile, printTable, rotated } from "./measure.ts";

const MODELS = 20;
const ROUNDS = Number(process.env["BENCH_ROUNDS"] ?? 60);

const child = DBOS.registerWorkflow(async () => DBOS.runStep(async () => "done", { name: "run" }), {
  name: "bench.child",
});
const parent = DBOS.registerWorkflow(
  async (children: number) => {
    for (let index = 0; index < children; index += 1) await (await DBOS.startWorkflow(child)()).getResult();
  },
  { name: "bench.parent" },
);

const chain: Model<{ id: number }>[] = [];
for (let index = 0; index <= MODELS; index += 1) {
  const upstream = chain.at(-1);
  chain.push(
    defineModel({
      name: `bench.m${String(index).padStart(2, "0")}`,
      table: pipelineTable(`bench_m${index}`, { id: integer().primaryKey() }),
      sources: upstream === undefined ? {} : { upstream: ref(upstream) },
      async run({ writer }) {
        return writer.receipt();
      },
    }),
  );
}

await withBenchDatabase(async (database) => {
  await using project = await openProject({ database: database.url, models: chain });
  const timed = async (work: () => Promise<unknown>) => {
    const started = performance.now();
    await work();
    return performance.now() - started;
  };
  const runBare = async (children: number) => (await DBOS.startWorkflow(parent)(children)).getResult();
  const runModels = (models: readonly (typeof chain)[number][], mode: "full" | "delta" = "full") =>
    project.runPipeline(definePipeline({ name: `chain-${models.length}`, models }), { mode });
  await runModels(chain);
  const oneMore = async (run: (length: number) => Promise<unknown>) => {
    const one = await timed(() => run(1));
    return { one, more: ((await timed(() => run(MODELS + 1))) - one) / MODELS };
  };
  const kinds = {
    bare: () => oneMore(runBare),
    full: () => oneMore((length) => runModels(chain.slice(0, length))),
    idle: () => oneMore((length) => runModels(chain.slice(0, length), "delta")),
  };
  const names = ["bare", "full", "idle"] as const;
  const samples = { bare: [], full: [], idle: [] } as Record<keyof typeof kinds, { one: number; more: number }[]>;
  for (let round = 0; round < ROUNDS; round += 1)
    for (const name of rotated(names, round)) samples[name].push(await kinds[name]());
  const quick = (name: keyof typeof kinds, of: "one" | "more" = "more") =>
    lowerQuartile(samples[name].map((sample) => sample[of]));
  const row = (what: string, name: keyof typeof kinds) => [
    what,
    quick(name).toFixed(2),
    (quick(name) / quick("bare")).toFixed(2),
  ];
  printTable(
    `Engine: models that do nothing, in a chain`,
    ["what", "ms", "ratio"],
    [
      row("one more bare DBOS child workflow", "bare"),
      row("one more Millrace model that runs", "full"),
      row("one more that has nothing to do", "idle"),
      ["the run itself, beside a bare workflow", (quick("full", "one") - quick("bare", "one")).toFixed(2), ""],
    ],
  );
});
