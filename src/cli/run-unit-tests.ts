import { errorToJson } from "../core/errors.ts";
import { plural } from "../core/text.ts";
import { renderError } from "../display/render-error.ts";
import type { Suggest } from "../display/suggest.ts";
import { loadExports } from "../model/load/load-files.ts";
import type { Project } from "../project/project.ts";
import { isUnitTest, type UnitTest, UnitTestError } from "../testing/unit-test.ts";
import type { ExitCode } from "./define-command.ts";
import { createPrinter, printJson } from "./print.ts";

const UNIT_FILES = "**/*.unit.{ts,mts,js,mjs}";

export interface RunUnitTestsOptions {
  /** Names of the models whose tests run; all unless given. */
  readonly models: ReadonlySet<string> | undefined;
  readonly json: boolean;
  readonly command: Suggest;
}

/** Runs the unit tests that the project's `*.unit.ts` files export, one after the other. */
export async function runUnitTests(
  project: Project,
  { models, json, command }: RunUnitTestsOptions,
): Promise<ExitCode> {
  const { colors, width, lines, aside } = createPrinter();
  const tests = (await findUnitTests(project.directory)).filter(({ test }) => models?.has(test.model) !== false);
  const { url: databaseUrl } = await project.openDatabase();
  const results: { test: string; model: string; file: string; status: string; error?: unknown }[] = [];
  for (const { file, test } of tests) {
    const error = await test.run({ databaseUrl }).then(
      () => undefined,
      (thrown: unknown) => ({ thrown }),
    );
    const status = error === undefined ? "passed" : error.thrown instanceof UnitTestError ? "failed" : "errored";
    const thrown = error === undefined ? {} : { error: errorToJson(error.thrown) };
    results.push({ test: test.name, model: test.model, file, status, ...thrown });
    if (!json)
      lines(error === undefined ? [`${colors.green("pass")}       ${test.name}`] : explain(test, error.thrown));
  }
  const failed = results.filter(({ status }) => status !== "passed").length;
  if (json) printJson(results);
  else if (tests.length === 0) aside("No *.unit.ts file has a test of these models.");
  else lines(["", `${plural(tests.length - failed, "unit test")} passed${failed === 0 ? "" : `, ${failed} failed`}`]);
  return failed === 0 ? 0 : 1;

  function explain(test: UnitTest, thrown: unknown): readonly string[] {
    const label = `${colors.red("fail")}       ${test.name}`;
    if (thrown instanceof UnitTestError)
      return [
        label,
        ...thrown.message
          .split("\n")
          .slice(1)
          .map((line) => `  ${line}`),
      ];
    return [label, ...renderError(thrown, { colors, width, command })];
  }
}

async function findUnitTests(
  directory: string,
): Promise<readonly { readonly file: string; readonly test: UnitTest }[]> {
  const files = await loadExports(directory, UNIT_FILES);
  return files.flatMap(({ file, exported }) =>
    Object.values(exported)
      .flat()
      .filter(isUnitTest)
      .map((test) => ({ file, test })),
  );
}
