// What one model costs beside its own work, against a bare child workflow of DBOS with one step: both in this process, in
// turns.
import { DBOS } from "@dbos-inc/dbos-sdk";
import { defineModel, type Model, openProject, ref } from "millrace";
import { integer, pipelineTable } from "millrace/schema";
import { withBenchDatabase } from "./bench-database.ts";
import { median, printTable } from "./measure.ts";

const MODELS = 20;
const ROUNDS = 9;

const child = DBOS.registerWorkflow(async () => DBOS.runStep(async () => "done", { name: "run" }), {
  name: "bench.child",
});
const parent = DBOS.registerWorkflow(
  async () => {
    for (let index = 0; index < MODELS; index += 1) await (await DBOS.startWorkflow(child)()).getResult();
  },
  { name: "bench.parent" },
);

const chain: Model<{ id: number }>[] = [];
for (let index = 0; index < MODELS; index += 1) {
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
  await project.runPipeline();
  const bare: number[] = [];
  const models: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    let started = performance.now();
    await (await DBOS.startWorkflow(parent)()).getResult();
    bare.push((performance.now() - started) / MODELS);
    started = performance.now();
    await project.runPipeline();
    models.push((performance.now() - started) / MODELS);
  }
  printTable(
    `Engine: a chain of ${MODELS} models that do nothing`,
    ["what", "ms each", "ratio"],
    [
      ["bare DBOS child workflow", median(bare).toFixed(2), "1.00"],
      ["Millrace model", median(models).toFixed(2), (median(models) / median(bare)).toFixed(2)],
    ],
  );
});
