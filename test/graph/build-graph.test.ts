import { expect, test } from "vitest";
import { defineModel, documents, IssuesError, ModelRegistry, ref } from "millrace";
import { pipelineTable, text } from "millrace/schema";
import { buildGraph, withDownstreams } from "../../src/graph/build-graph.ts";
import { declareModel } from "../support/declare.ts";

function registryOf(...models: ReturnType<typeof declareModel>[]): ModelRegistry {
  const registry = new ModelRegistry();
  models.forEach((model) => registry.register(model, `models/${model.name}.ts`));
  return registry;
}

function problems(work: () => unknown): readonly string[] {
  try {
    work();
  } catch (error) {
    if (error instanceof IssuesError)
      return error.issues.map((issue) => `${issue.code} ${issue.path}: ${issue.message}`);
    throw error;
  }
  return [];
}

test("models come after what they read, however they are listed", () => {
  const a = declareModel("n.a");
  const b = declareModel("n.b", [a]);
  const c = declareModel("n.c", ["n.b", "n_a"]);
  const graph = buildGraph([c, b, a], registryOf(c, b, a));
  expect([...graph.keys()]).toEqual(["n.a", "n.b", "n.c"]);
  expect(graph.get("n.c")?.upstreams).toEqual(["n.a", "n.b"]);
  expect([...withDownstreams(graph, ["n.b"])]).toEqual(["n.b", "n.c"]);
});

test("what a row is matched by is a column of the unit, the same for all its rows", () => {
  const a = declareModel("n.a");
  const matched = (name: string, by: readonly string[] | undefined, match: Record<string, string>) =>
    defineModel({
      name,
      table: pipelineTable(name.replace(".", "_"), { id: text().primaryKey() }),
      sources: { a: ref(a), other: ref(a, { match }) },
      forEach: "a",
      ...(by === undefined ? {} : { by: by as never }),
      run: async () => null,
    });
  const models = [a, matched("n.b", undefined, { id: "idd" }), matched("n.c", ["id"], { id: "sourceKey" })];
  expect(problems(() => buildGraph(models, registryOf(...models)))).toEqual([
    'MATCH_COLUMN n.b: source "other" is matched by column "idd", which source "a" does not have. Did you mean "id"?',
    'MATCH_COLUMN n.c: source "other" is matched by column "sourceKey", which is not one of `by`.',
  ]);
});

test("a table that no model fills is a source from outside", () => {
  const a = declareModel("n.a", ["someone_elses_table"]);
  expect(buildGraph([a], registryOf(a)).get("n.a")?.upstreams).toEqual([]);
});

test("problems are named in the order of the files, however a pipeline lists its models", () => {
  const a = declareModel("n.a", ["n.x"]);
  const b = declareModel("n.b", ["n.y", "n.x"]);
  expect(problems(() => buildGraph([b, a], registryOf(b, a)))).toEqual([
    expect.stringContaining('n.a: source "source0" reads model "n.x"'),
    expect.stringContaining('n.b: source "source0" reads model "n.y"'),
    expect.stringContaining('n.b: source "source1" reads model "n.x"'),
  ]);
});

test("every missing upstream is named, with the nearest model", () => {
  const a = declareModel("n.sections");
  const b = declareModel("n.b", ["n.section", "n.things_of_others"]);
  expect(problems(() => buildGraph([b], registryOf(a, b)))).toEqual([
    'MISSING_UPSTREAM n.b: source "source0" reads model "n.section", which is not in this project. Did you mean "n.sections"?',
    'MISSING_UPSTREAM n.b: source "source1" reads model "n.things_of_others", which is not in this project.',
  ]);
});

test("a name in a namespace that no model has is a table of that schema", () => {
  const a = declareModel("n.a", ["landing.items"]);
  const [model] = buildGraph([a], registryOf(a)).values();
  expect(model?.sources[0]?.origin).toEqual({ type: "table", table: "landing.items" });
});

test("a cycle by names is printed as a path", () => {
  const models = [declareModel("n.a", ["n.c"]), declareModel("n.b", ["n.a"]), declareModel("n.c", ["n.b"])];
  expect(problems(() => buildGraph(models, registryOf(...models)))).toEqual([
    "CYCLE n.a: dependency cycle: n.a → n.c → n.b → n.a",
  ]);
});

test("a column that the upstream table lacks is found before anything runs", () => {
  const a = declareModel("n.a");
  const b = defineModel({
    name: "n.b",
    table: pipelineTable("n_b", { id: text().primaryKey() }),
    sources: { s: ref("n.a", { columns: ["ident"], where: { idd: "x" } }) },
    forEach: "s",
    by: ["nope" as never],
    async run() {
      return null;
    },
  });
  const registry = registryOf(a);
  registry.register(b);
  expect(problems(() => buildGraph([a, b], registry))).toEqual([
    'COLUMN_NOT_FOUND n.b: source "s" names column "ident", which table "n_a" of n.a does not have.',
    'COLUMN_NOT_FOUND n.b: source "s" names column "idd", which table "n_a" of n.a does not have. Did you mean "id"?',
    'COLUMN_NOT_FOUND n.b: `by` names column "nope", which table "n_a" does not have.',
  ]);
});

test("a table model that reads a part cannot replace the whole", () => {
  const model = defineModel({
    name: "n.part",
    table: pipelineTable("n_part", { id: text().primaryKey() }),
    sources: { documents: documents({ where: { id: (context) => context.documentIds } }) },
    async run({ writer }) {
      return writer.receipt();
    },
  });
  const registry = new ModelRegistry();
  registry.register(model);
  expect(problems(() => buildGraph([model], registry))[0]).toMatch(/^SCOPED_REPLACE n\.part: .*`forEach`/);
});

test("two models of one name, and two models of one table, name both files", () => {
  const registry = new ModelRegistry();
  registry.register(declareModel("n.a"), "models/one.ts");
  expect(() => registry.register(declareModel("n.a"), "models/two.ts")).toThrow(
    'Model "n.a" is declared twice: in models/one.ts (n.a) and in models/two.ts.',
  );
  expect(() => registry.register(declareModel("n_a"), "models/three.ts")).toThrow(
    /Table "n_a" is declared twice: in models\/one\.ts .* models\/three\.ts/,
  );
});

test("ref(undefined) says what usually causes it", () => {
  expect(() => ref(undefined as never)).toThrow(
    expect.objectContaining({ code: "REF_UNDEFINED", hint: expect.stringContaining("import each other") }),
  );
});

test("a part of a project keeps the order that the models between its own give", () => {
  const a = declareModel("n.z");
  const b = declareModel("n.between", [a]);
  const c = declareModel("n.a", ["n.between"]);
  const graph = buildGraph([c, a], registryOf(a, b, c));
  expect([...graph.keys()]).toEqual(["n.z", "n.a"]);
  expect(graph.get("n.a")?.upstreams).toEqual(["n.between", "n.z"]);
});
