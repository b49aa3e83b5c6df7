import { describe, expect, test } from "vitest";
import { type Issue, IssuesError, MillraceError } from "../../src/core/errors.ts";
import { renderError } from "../../src/display/render-error.ts";
import { plainColors } from "./scripted-run.ts";

const render = (error: unknown, options: { readonly width?: number; readonly isVerbose?: boolean } = {}) =>
  `\n${renderError(error, { colors: plainColors, width: options.width ?? 80, isVerbose: options.isVerbose }).join("\n")}\n`;

describe("errors", () => {
  test("say what, with its code, and what to do next", () => {
    const error = new MillraceError(
      "DATABASE_UNREACHABLE",
      "Postgres at localhost:5432 could not be used: connect ECONNREFUSED 127.0.0.1:5432",
      {
        hint: "Check DATABASE_URL and that the server is running, or unset DATABASE_URL to use the embedded Postgres.",
      },
    );
    expect(render(error)).toMatchInlineSnapshot(`
      "
      ✗ Postgres at localhost:5432 could not be used: connect ECONNREFUSED
        127.0.0.1:5432 [DATABASE_UNREACHABLE]
        → Check DATABASE_URL and that the server is running, or unset DATABASE_URL to
        use the embedded Postgres.
        Docs: millrace/docs/errors.md#database_unreachable
      "
    `);
  });

  test("list every issue with its place", () => {
    const issues: readonly Issue[] = [
      {
        code: "PARAMETER_INVALID",
        path: "indexing.sections.maxSectionChars",
        message: '"20" from --set maxSectionChars: Too small: expected number to be >=500',
      },
      {
        code: "PARAMETER_UNKNOWN",
        path: "--set maxSectionChar",
        message: 'no model in this run has this parameter. Did you mean "maxSectionChars"?',
      },
    ];
    expect(render(new IssuesError("CONFIG_INVALID", "Invalid parameters:", issues))).toMatchInlineSnapshot(`
      "
      ✗ Invalid parameters: [CONFIG_INVALID]
        indexing.sections.maxSectionChars
          "20" from --set maxSectionChars: Too small: expected number to be >=500
        --set maxSectionChar
          no model in this run has this parameter. Did you mean "maxSectionChars"?
      "
    `);
  });

  test("that nobody expected say so and how to get the stack", () => {
    expect(render(new TypeError("x is not a function"))).toMatchInlineSnapshot(`
      "
      ✗ x is not a function [TypeError]
        → Millrace did not expect this: it is a bug. Run the command again with
        --verbose for the stack to report.
      "
    `);
  });

  test("show no stack unless asked, and then its causes too", () => {
    const error = new MillraceError("FILE_FAILED", "models/a.ts could not be loaded: boom", {
      cause: new Error("boom"),
    });
    expect(render(error)).not.toContain("    at ");
    expect(render(error, { isVerbose: true })).toMatch(/ {4}at .*\n(.*\n)*caused by\nError: boom\n {4}at /);
  });
});
