import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { UsageError } from "millrace";
import { parseSelector } from "../../src/graph/parse-selector.ts";
import { selectModels, type SelectOptions } from "../../src/graph/select-models.ts";
import { type ModelChange, selectorMethods } from "../../src/graph/selector-methods.ts";
import { EXPOSURES, referenceGraph } from "./reference-graph.ts";

const { graph, fileOf } = referenceGraph();

const README = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
const CHANGES = new Map<string, ReadonlySet<ModelChange>>([
  ["notes.words", new Set<ModelChange>(["new"])],
  ["core.customers", new Set<ModelChange>(["body"])],
  ["marts.churn", new Set<ModelChange>(["configs", "relation"])],
]);
const RESULTS = new Map([
  ["staging.orders", ["success"]],
  ["core.order_items", ["error"]],
  ["marts.revenue", ["skipped"]],
  ["core.customers", ["success", "warn"]],
  ["notes.words", ["partial"]],
]);
const SELECTORS = {
  nightly: "tag:nightly",
  nightly_text: "selector:nightly,tag:text",
  below_orders: "staging.orders+",
  nobody: "owner:nobody",
  round: "selector:about",
  about: "selector:round",
};

function select(given: Pick<SelectOptions, "select" | "exclude">) {
  const warnings: string[] = [];
  const names = selectModels(graph, {
    ...given,
    fileOf,
    exposures: EXPOSURES,
    selectors: SELECTORS,
    changes: CHANGES,
    results: RESULTS,
    onWarning: (message) => warnings.push(message),
  });
  return { names, warnings };
}

const STAGING = "staging.customers staging.orders";
const BELOW_ORDERS = "staging.orders core.order_items core.customers marts.revenue marts.churn";
const ORDERS_WORLD = `${STAGING} core.order_items core.customers marts.revenue marts.churn`;
const NOTES = "notes.sections notes.words notes.customers";
const EVERYTHING = `${ORDERS_WORLD} ${NOTES} marts.topics`;

/** Written from dbt's pages on the syntax, graph operators, set operators and methods. */
const TABLE: Readonly<Record<string, readonly (readonly [selector: string, models: string])[]>> = {
  names: [
    ["marts.churn", "marts.churn"],
    ["churn", "marts.churn"],
    ["order_items", "core.order_items"],
    ["marts", "marts.churn marts.revenue marts.topics"],
    ["staging", STAGING],
    ["fqn:marts.churn", "marts.churn"],
    ["fqn:churn", "marts.churn"],
    ["fqn:notes", NOTES],
  ],
  wildcards: [
    ["*", EVERYTHING],
    ["*.customers", "staging.customers core.customers notes.customers"],
    ["marts.*", "marts.churn marts.revenue marts.topics"],
    ["order*", "staging.orders core.order_items"],
    ["*_items", "core.order_items"],
    ["marts.?hurn", "marts.churn"],
    ["marts.[cr]*", "marts.churn marts.revenue"],
    ["marts.[a-d]*", "marts.churn"],
    ["marts.[!a-d]*", "marts.revenue marts.topics"],
    ["s*.orders", "staging.orders"],
    ["tag:night*", "staging.orders core.order_items marts.revenue notes.words"],
    ["fqn:c*", "core.order_items core.customers staging.customers notes.customers marts.churn"],
  ],
  "the plus operator": [
    ["staging.orders+", BELOW_ORDERS],
    ["+marts.churn", `${STAGING} core.customers marts.churn`],
    ["+core.customers+", `${STAGING} core.customers marts.churn marts.revenue`],
    ["+marts.revenue", `${STAGING} core.order_items core.customers marts.revenue`],
    ["marts.revenue+", "marts.revenue"],
    ["+staging.orders", "staging.orders"],
    ["+words", "notes.sections notes.words"],
    [
      "+tag:weekly",
      `${STAGING} core.order_items core.customers marts.revenue marts.churn notes.sections notes.words marts.topics`,
    ],
    ["tag:text+", "notes.sections notes.words notes.customers marts.topics"],
    ["+*.customers", `${STAGING} core.customers notes.sections notes.customers`],
  ],
  "n-plus": [
    ["staging.orders+1", "staging.orders core.order_items core.customers"],
    ["staging.orders+2", BELOW_ORDERS],
    ["staging.orders+0", "staging.orders"],
    ["1+marts.revenue", "core.order_items core.customers marts.revenue"],
    ["2+marts.topics", "notes.sections notes.words marts.topics"],
    ["1+notes.words+1", "notes.sections notes.words marts.topics"],
    ["1+core.customers+", `${STAGING} core.customers marts.churn marts.revenue`],
    ["+core.customers+1", `${STAGING} core.customers marts.churn marts.revenue`],
    ["10+marts.churn", `${STAGING} core.customers marts.churn`],
  ],
  "the at operator": [
    ["@staging.customers", ORDERS_WORLD],
    ["@core.order_items", `${STAGING} core.order_items core.customers marts.revenue`],
    ["@marts.churn", `${STAGING} core.customers marts.churn`],
    ["@notes.sections", `${NOTES} marts.topics`],
    ["@source:raw_customers", ORDERS_WORLD],
    ["@tag:finance", `${STAGING} core.order_items core.customers marts.revenue`],
  ],
  tags: [
    ["tag:nightly", "staging.orders core.order_items marts.revenue notes.words"],
    ["tag:finance", "marts.revenue"],
    ["tag:weekly", "marts.churn marts.topics"],
  ],
  paths: [
    ["path:models/staging", STAGING],
    ["path:models/staging/", STAGING],
    ["path:./models/marts", "marts.churn marts.revenue marts.topics"],
    ["path:models/marts/finance", "marts.revenue"],
    ["path:models/marts/churn.ts", "marts.churn"],
    ["path:models/*/customers.ts", "staging.customers core.customers"],
    ["path:models/**/orders.ts", "staging.orders core.order_items"],
    ["path:models/[sc]*", "staging.orders staging.customers core.order_items core.customers"],
    ["models/staging", STAGING],
    ["+models/marts/finance", `${STAGING} core.order_items core.customers marts.revenue`],
    ["path:models", EVERYTHING],
  ],
  files: [
    ["file:orders.ts", "staging.orders core.order_items"],
    ["file:orders", "staging.orders core.order_items"],
    ["customers.ts", "staging.customers core.customers"],
    ["topics.mts", "marts.topics"],
    ["file:all", NOTES],
    ["file:c*", "staging.customers core.customers marts.churn"],
  ],
  namespaces: [
    ["namespace:core", "core.customers core.order_items"],
    ["namespace:*a*", "staging.orders staging.customers marts.churn marts.revenue marts.topics"],
    ["namespace:core+", "core.customers core.order_items marts.churn marts.revenue"],
  ],
  sources: [
    ["source:raw_orders+", BELOW_ORDERS],
    ["source:raw_orders+1", "staging.orders"],
    ["source:raw_*+1", STAGING],
    ["source:documents+", `${NOTES} marts.topics`],
    ["source:documents+2", NOTES],
    ["source:*+1", `${STAGING} notes.sections`],
    ["source:raw_orders", ""],
  ],
  exposures: [
    ["+exposure:weekly_report", `${STAGING} core.order_items core.customers marts.revenue`],
    ["1+exposure:weekly_report", "marts.revenue"],
    ["exposure:weekly_report", ""],
    ["+exposure:*", `${STAGING} core.order_items core.customers marts.revenue`],
  ],
  settings: [
    ["config.materialized:table", EVERYTHING],
    ["config.materialized:view", ""],
    ["config.meta.tier:gold", "staging.customers"],
    ["config.meta.pii:true", "staging.customers"],
    ["config.tags:finance", "marts.revenue"],
    ["config.writeStrategy:replace", EVERYTHING],
    ["owner:data", STAGING],
    ["owner:g*+", "core.customers marts.churn marts.revenue"],
    ["resource_type:model", EVERYTHING],
    ["resource_type:source", ""],
  ],
  state: [
    ["state:new", "notes.words"],
    ["state:modified", "notes.words core.customers marts.churn"],
    ["state:modified+", "notes.words marts.topics core.customers marts.churn marts.revenue"],
    ["1+state:new", "notes.sections notes.words"],
    ["state:modified.body", "notes.words core.customers"],
    ["state:modified.configs", "notes.words marts.churn"],
    ["state:modified.relation", "notes.words marts.churn"],
    ["state:old,namespace:notes", "notes.sections notes.customers"],
    ["state:unmodified", `${STAGING} core.order_items marts.revenue notes.sections notes.customers marts.topics`],
  ],
  results: [
    ["result:error", "core.order_items"],
    ["result:failed", "core.order_items"],
    ["result:error+", "core.order_items marts.revenue"],
    ["result:skipped", "marts.revenue"],
    ["result:success", "staging.orders core.customers"],
    ["result:warn", "core.customers"],
    ["result:partial result:error", "notes.words core.order_items"],
    ["result:error,tag:nightly", "core.order_items"],
  ],
  unions: [
    ["marts.churn notes.words", "marts.churn notes.words"],
    ["tag:finance   tag:text", "marts.revenue notes.sections notes.words marts.topics"],
    [
      "+marts.topics staging.orders+1",
      "notes.sections notes.words marts.topics staging.orders core.order_items core.customers",
    ],
    ["marts.churn marts.churn", "marts.churn"],
  ],
  intersections: [
    ["tag:nightly,tag:text", "notes.words"],
    ["staging.orders+,tag:nightly", "staging.orders core.order_items marts.revenue"],
    ["+marts.revenue,+marts.churn", `${STAGING} core.customers`],
    ["path:models/marts,tag:weekly", "marts.churn marts.topics"],
    ["tag:nightly,tag:text marts.churn", "notes.words marts.churn"],
    ["tag:finance,tag:text", ""],
    ["source:documents+,tag:weekly", "marts.topics"],
  ],
  "named selectors": [
    ["selector:nightly", "staging.orders core.order_items marts.revenue notes.words"],
    ["selector:nightly_text", "notes.words"],
    ["selector:below_orders", BELOW_ORDERS],
    ["1+selector:nightly_text", "notes.sections notes.words"],
    ["selector:nightly_text+", "notes.words marts.topics"],
    ["selector:nightly,namespace:core", "core.order_items"],
  ],
};

const sorted = (names: string) =>
  names
    .split(" ")
    .filter((name) => name !== "")
    .toSorted();

describe.each(Object.entries(TABLE))("%s", (_topic, rows) => {
  test.each(rows)("%s", (selector, models) => {
    expect(select({ select: [selector] }).names.toSorted()).toEqual(sorted(models));
  });
});

test("the table has an example of everything", () => {
  const examples = Object.values(TABLE).flat();
  expect(examples.length).toBeGreaterThan(80);
  const methods = examples.flatMap(([selector]) =>
    parseSelector(selector)
      .flat()
      .map(({ method }) => method),
  );
  expect([...new Set(methods)].toSorted()).toEqual(selectorMethods);
});

test.each(selectorMethods)("%s: answers in its own words, and the README names it", (method) => {
  const selector = method === "config" ? "config.materialized:zzz" : `${method}:zzz`;
  const answers: string[] = [];
  try {
    answers.push(...select({ select: [selector] }).warnings);
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    answers.push((error as UsageError).message);
  }
  expect(answers).toHaveLength(1);
  expect(answers[0]).toContain(`"${selector}"`);
  expect(README.match(/`[^`\n]*`/g)?.some((code) => new RegExp(`\\b${method}[.:]`).test(code))).toBe(true);
});

describe("leaving out", () => {
  test.each([
    [[], ["tag:text"], `${ORDERS_WORLD} notes.customers`],
    [["staging.orders+"], ["marts.revenue"], "staging.orders core.order_items core.customers marts.churn"],
    [["staging.orders+"], ["core.customers+"], "staging.orders core.order_items"],
    [["marts"], ["tag:weekly", "tag:finance"], ""],
    [["tag:nightly", "tag:weekly"], ["namespace:marts"], "staging.orders core.order_items notes.words"],
    [["*"], ["tag:nightly,tag:text"], `${ORDERS_WORLD} notes.sections notes.customers marts.topics`],
  ])("%j without %j", (chosen, exclude, models) => {
    expect(select({ select: chosen, exclude }).names.toSorted()).toEqual(sorted(models));
  });
});

test("selected models keep the order in which they run", () => {
  expect(select({ select: ["marts.revenue staging.orders core.order_items"] }).names).toEqual([
    "staging.orders",
    "core.order_items",
    "marts.revenue",
  ]);
});

test.each([
  ["chrun", ['Selector "chrun" matches nothing. Nearest: "churn".']],
  ["marts.chrun+", ['Selector "marts.chrun+" matches nothing. Nearest: "marts.churn".']],
  ["tag:nigthly", ['Selector "tag:nigthly" matches nothing. Nearest: "nightly".']],
  ["source:raw_order+", ['Selector "source:raw_order+" matches nothing. Nearest: "raw_orders".']],
  [
    "path:models/stagin",
    [
      'Selector "path:models/stagin" matches nothing. Nearest: "models/staging/customers.ts", "models/staging/orders.ts".',
    ],
  ],
  ["tag:finance,zzzz", ['Selector "zzzz" matches nothing.']],
  ["exposure:weekly", ['Selector "exposure:weekly" matches nothing. Nearest: "weekly_report".']],
  ["config.materialized:tabel", ['Selector "config.materialized:tabel" matches nothing. Nearest: "table".']],
  ["namespace:ab", ['Selector "namespace:ab" matches nothing.']],
  ["selector:nobody", ['Selector "owner:nobody" matches nothing.', 'Selector "selector:nobody" matches nothing.']],
  ["marts.churn", []],
])("says what matches nothing: %s", (selector, warnings) => {
  expect(select({ select: [selector] }).warnings).toEqual(warnings);
});

test.each([
  ["customers", '"customers" is the name of 3 models: "core.customers", "notes.customers", "staging.customers".'],
  ["tga:nightly", 'Invalid selector "tga:nightly": there is no method "tga:". Did you mean "tag"?'],
  [
    "@marts.churn+",
    'Invalid selector "@marts.churn+": "@" already includes everything below, so "+" cannot follow "@marts.churn".',
  ],
  ["tag:a,,tag:b", 'Invalid selector "tag:a,,tag:b": one side of a comma is empty.'],
  ["+", 'Invalid selector "+": "+" has no name.'],
  ["tag:", 'Invalid selector "tag:": "tag:" has no name.'],
  ["a+b", 'Invalid selector "a+b": "+" and "@" go before or after "a+b", not inside it.'],
  ["  ", 'Invalid selector "  ": it is empty.'],
  [
    "state:changed",
    'Invalid selector "state:changed": "state:" takes one of new, old, modified, unmodified, modified.body, modified.configs, modified.relation, not "changed".',
  ],
  ["selector:nighty", '"selector:nighty": no selector is named "nighty". Did you mean "nightly"?'],
  ["selector:round", "Selectors refer to each other in a circle: round → about → round."],
])("refuses what cannot be meant: %s", (selector, message) => {
  const work = () => select({ select: [selector] });
  expect(work).toThrow(UsageError);
  expect(work).toThrow(message);
});
