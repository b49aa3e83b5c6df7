import { expect, test } from "vitest";
import { createReporter } from "../../src/display/reporters/create-reporter.ts";
import { JsonReporter } from "../../src/display/reporters/json-reporter.ts";
import { LineReporter } from "../../src/display/reporters/line-reporter.ts";
import { createPalette } from "../../src/display/output.ts";
import { TreeReporter } from "../../src/display/reporters/tree-reporter.ts";
import { play, scripts } from "./scripted-run.ts";

const output = (isTTY: boolean) => ({ isTTY, write: () => undefined });
const isColored = (isTTY: boolean, environment: Record<string, string>) =>
  createPalette(output(isTTY), environment).isColorSupported;

test("colours follow the terminal, NO_COLOR and FORCE_COLOR", () => {
  expect(isColored(true, {})).toBe(true);
  expect(isColored(false, {})).toBe(false);
  expect(isColored(true, { NO_COLOR: "1" })).toBe(false);
  expect(isColored(true, { TERM: "dumb" })).toBe(false);
  expect(isColored(false, { FORCE_COLOR: "1" })).toBe(true);
  expect(isColored(true, { FORCE_COLOR: "0" })).toBe(false);
  expect(isColored(false, { FORCE_COLOR: "1", NO_COLOR: "1" })).toBe(false);
});

test("a terminal gets a tree, a pipe and CI get lines, a program gets JSON", async () => {
  const create = (isTTY: boolean, json: boolean, environment: Record<string, string> = {}) =>
    createReporter({ output: output(isTTY), json, environment });
  expect(await create(true, false)).toBeInstanceOf(TreeReporter);
  expect(await create(true, false, { CI: "true" })).toBeInstanceOf(LineReporter);
  expect(await create(false, false)).toBeInstanceOf(LineReporter);
  expect(await create(true, true)).toBeInstanceOf(JsonReporter);
});

test("JSON lines are the events themselves", () => {
  const written = play((to) => new JsonReporter({ output: to }), scripts.failed);
  expect(
    written
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as unknown),
  ).toEqual(scripts.failed);
});
