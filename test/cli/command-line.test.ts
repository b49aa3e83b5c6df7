import { join } from "node:path";
import { expect, test } from "vitest";
import { createCommandLine } from "../../src/cli/command-line.ts";
import { withSuggestions } from "../../src/display/suggest.ts";

const started = (script: string, environment: Readonly<Record<string, string>> = {}) =>
  createCommandLine({ script, environment })("show", "demo.titles");

test("the next command is called as this one was", () => {
  expect({
    installed: started("/usr/local/bin/millrace"),
    npx: started("/p/node_modules/.bin/millrace", { npm_config_user_agent: "npm/11.0.0 node/v20.19.0" }),
    pnpm: started("/p/node_modules/.bin/millrace", { npm_config_user_agent: "pnpm/10.0.0 npm/? node/v20.19.0" }),
    yarn: started("/p/node_modules/.bin/millrace", { npm_config_user_agent: "yarn/4.0.0 npm/? node/v20.19.0" }),
    shim: started("/p/node_modules/millrace/bin/millrace.js"),
    clone: started(join(process.cwd(), "bin/millrace.js")),
    neighbour: started(join(process.cwd(), "../my tools/bin/millrace.js")),
  }).toEqual({
    installed: "millrace show demo.titles",
    npx: "npx millrace show demo.titles",
    pnpm: "pnpm millrace show demo.titles",
    yarn: "yarn millrace show demo.titles",
    shim: "millrace show demo.titles",
    clone: "node bin/millrace.js show demo.titles",
    neighbour: "node '../my tools/bin/millrace.js' show demo.titles",
  });
});

test("a hint names commands as they are typed here, for the same project", () => {
  const command = createCommandLine({ script: "/usr/bin/millrace", environment: {}, project: "my shop" });
  const hint = "Run it first: `millrace run shop.orders`, or write a project with `millrace init`.";
  expect(withSuggestions(hint, command)).toBe(
    "Run it first: `millrace run shop.orders --project 'my shop'`, or write a project with `millrace init`.",
  );
});

test("words that a shell would take apart are quoted", () => {
  const command = createCommandLine({ script: "/usr/bin/millrace", environment: {} });
  expect(command("show", "demo.titles", "--where", "title = 'It''s'")).toBe(
    String.raw`millrace show demo.titles --where 'title = '\''It'\'''\''s'\'''`,
  );
});
