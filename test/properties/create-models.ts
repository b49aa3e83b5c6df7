import type { Random } from "../support/random.ts";
import {
  type Behaviour,
  type ColumnKey,
  type Form,
  hasUnits,
  isQuery,
  type ModelSpec,
  type ReadSpec,
  type SideSpec,
} from "./model-spec.ts";

const GROUPINGS: readonly ModelSpec["by"][] = [["grp"], ["grp"], ["documentId"], ["grp", "documentId"]];

/** Two to six models, each reading the input or models before it. */
export function createModels(random: Random, hasFiles: boolean): readonly ModelSpec[] {
  const models: ModelSpec[] = [];
  const count = random.int(2, 6);
  for (let index = 0; index < count; index += 1) {
    models.push(hasFiles && index === 0 ? documentModel(random) : createModel(random, index));
  }
  return models;
}

function documentModel(random: Random): ModelSpec {
  const model = createModel(random, 0);
  const behaviour = { ...model.behaviour, mode: random.pick(["map", "split", "filter"] as const) };
  const source = { from: "documents" } as const;
  const side = model.side && createSide(random, 0, { form: "row", source, by: [] });
  return { ...model, form: "row", source, side, second: undefined, by: [], behaviour };
}

function createModel(random: Random, index: number): ModelSpec {
  const form = random.weighted<Form>({
    row: 5,
    group: 4,
    table: 2,
    query: 1.5,
    view: 1.5,
    "query row": 1.5,
    "query group": 1.5,
  });
  const by = form.endsWith("group") ? random.pick(GROUPINGS) : [];
  const source = createSource(random, index, form);
  const hasSecond = !hasUnits(form) && random.chance(0.5);
  return {
    index,
    form,
    isComposite: random.chance(0.4),
    source,
    second: hasSecond ? createRead(random, index, { isPlain: isQuery(form), keepsId: true }) : undefined,
    side: hasUnits(form) && random.chance(0.4) ? createSide(random, index, { form, source, by }) : undefined,
    by,
    behaviour: createBehaviour(random, form, source),
    version: random.chance(0.2) ? 1 : undefined,
    isNamed: random.chance(0.2),
    concurrency: random.pick([1, 3, 16]),
  };
}

function createSource(random: Random, index: number, form: Form): ReadSpec {
  const keepsId = form === "row" || form === "table";
  const read = createRead(random, index, { isPlain: isQuery(form) && !hasUnits(form), keepsId });
  // Its query names the columns.
  return form === "query row" ? { ...read, columns: undefined } : read;
}

function createRead(
  random: Random,
  index: number,
  { isPlain, keepsId }: { readonly isPlain: boolean; readonly keepsId: boolean },
): ReadSpec {
  // Deep graphs find more than wide ones.
  const from = index === 0 || random.chance(0.25) ? "input" : random.chance(0.6) ? index - 1 : random.int(0, index - 1);
  if (isPlain) return { from };
  return { from, columns: createColumns(random, keepsId), where: createWhere(random) };
}

function createColumns(random: Random, keepsId: boolean): readonly ColumnKey[] | undefined {
  if (random.chance(0.4)) return undefined;
  const columns = random.some<ColumnKey>(["grp", "documentId", "n", "body"], 0.6);
  return keepsId ? ["id", ...columns] : columns.length > 0 ? columns : ["n"];
}

function createWhere(random: Random): ReadSpec["where"] {
  if (random.chance(0.75)) return undefined;
  return random.pick([
    { grp: "g0" },
    { grp: null },
    { grp: ["g1", "g2"] },
    { grp: [] },
    { n: [0, 2, 4, 5, 6, 8] },
    { body: "alpha" },
  ]);
}

function createSide(
  random: Random,
  index: number,
  { form, source, by }: Pick<ModelSpec, "form" | "source" | "by">,
): SideSpec {
  // A query sees all of it.
  const read = createRead(random, index, { isPlain: isQuery(form), keepsId: false });
  if (random.chance(0.3)) return read;
  if (source.from === "documents") return { ...read, match: { documentId: "id" } };
  const match = random.pick([
    { grp: "grp" },
    { documentId: "documentId" },
    { grp: "grp", documentId: "documentId" },
  ] as const);
  // All rows of a group have to match the same rows.
  return { ...read, match: by[0] === undefined ? match : { [by[0]]: by[0] } };
}

function createBehaviour(random: Random, form: Form, source: ReadSpec): Behaviour {
  const maySwap = form === "row" && source.from === "input" && source.columns === undefined;
  return {
    mode: maySwap && random.chance(0.5) ? "slot" : random.pick(["map", "split", "filter"]),
    salt: random.int(0, 9),
    isCoarse: random.chance(0.4),
    regroups: random.chance(0.4),
    hasExtra: false,
    turns: random.pick([0, 0, 1, 3]),
  };
}

/** The same models after an edit of one of their files. */
export function changeModels(random: Random, models: readonly ModelSpec[]): readonly ModelSpec[] {
  const { index } = random.pick(models);
  return models.map((model) => (model.index === index ? changeModel(random, model) : model));
}

function changeModel(random: Random, model: ModelSpec): ModelSpec {
  const { form, behaviour, source } = model;
  const isPlain = isQuery(form) && !hasUnits(form);
  const kind = random.weighted({
    salt: 4,
    mode: 2,
    coarse: 1,
    extra: 1,
    where: 2,
    columns: 2,
    by: 1,
    side: 1,
    form: 2,
  });
  const version = model.version === undefined ? undefined : model.version + 1;
  const behave = (changed: Partial<Behaviour>): ModelSpec => ({
    ...model,
    version,
    behaviour: { ...behaviour, ...changed },
  });
  switch (kind) {
    case "salt":
      return behave({ salt: behaviour.salt + 1 });
    case "mode":
      return behave({ mode: random.pick(["map", "split", "filter"]) });
    case "coarse":
      return behave({ isCoarse: !behaviour.isCoarse });
    case "extra":
      return behave({ hasExtra: true });
    case "where":
      return isPlain || source.from === "documents"
        ? model
        : { ...model, source: { ...source, where: createWhere(random) } };
    case "columns": {
      if (isPlain || form === "query row" || source.from === "documents" || behaviour.mode === "slot") return model;
      return { ...model, source: { ...source, columns: createColumns(random, !form.endsWith("group")) } };
    }
    case "by":
      return form.endsWith("group") && model.side === undefined
        ? { ...model, by: random.pick([["grp"], ["documentId"]]) }
        : model;
    case "side":
      return hasUnits(form)
        ? { ...model, side: random.chance(0.5) ? undefined : createSide(random, model.index, model) }
        : model;
    default:
      return changeForm(random, model);
  }
}

const QUERIES = ["query", "view", "query row", "query group"] as const;

// Another way of working for the same table.
function changeForm(random: Random, model: ModelSpec): ModelSpec {
  const { form, source, behaviour } = model;
  if (source.from === "documents" || behaviour.mode === "slot") return model;
  if (isQuery(form)) {
    const next = random.pick(QUERIES.filter((each) => each !== form));
    const by = next === "query group" ? (["grp"] as const) : [];
    return { ...model, form: next, side: undefined, second: undefined, by, source: { from: source.from } };
  }
  const next = random.pick((["row", "group", "table"] as const).filter((each) => each !== form));
  const columns =
    source.columns === undefined || source.columns.includes("id") ? source.columns : ["id" as const, ...source.columns];
  return { ...model, form: next, side: undefined, by: next === "group" ? ["grp"] : [], source: { ...source, columns } };
}
