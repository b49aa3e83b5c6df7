// What one model costs beside its own work, against a bare child workflow of DBOS with one step: both in this process, in
// turns. One more model: a chain of 21 less a chain of one, so that what a run costs by itself is not counted as a model's.
// In a full run every model has its turn; in a delta run those that have nothing to do are ended without one.
import { DBOS } from "@dbos-inc/dbos-sdk";
import { defineModel, definePipeline, type Model, openProject, ref } from "millrace";
import { integer, pipelineTable } from "millrace/schema";
import { withBenchDatabase } from "./bench-database.ts";
import { median, printTable } from "./measure.ts";

const MODELS = 20;
const ROUNDS = 25;

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
  const bare: number[] = [];
  const models: number[] = [];
  const idle: number[] = [];
  const runs: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const oneChild = await timed(() => runBare(1));
    bare.push(((await timed(() => runBare(MODELS + 1))) - oneChild) / MODELS);
    const oneModel = await timed(() => runModels(chain.slice(0, 1)));
    models.push(((await timed(() => runModels(chain))) - oneModel) / MODELS);
    runs.push(oneModel - oneChild);
    const oneDelta = await timed(() => runModels(chain.slice(0, 1), "delta"));
    idle.push(((await timed(() => runModels(chain, "delta"))) - oneDelta) / MODELS);
  }
  printTable(
    `Engine: models that do nothing, in a chain`,
    ["what", "ms", "ratio"],
    [
      ["one more bare DBOS child workflow", median(bare).toFixed(2), "1.00"],
      ["one more Millrace model that runs", median(models).toFixed(2), (median(models) / median(bare)).toFixed(2)],
      ["one more that has nothing to do", median(idle).toFixed(2), (median(idle) / median(bare)).toFixed(2)],
      ["the run itself, beside a bare workflow", median(runs).toFixed(2), ""],
    ],
  );
});
