import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const source = (path: string) => fileURLToPath(new URL(`./src/${path}`, import.meta.url));

export default defineConfig({
  resolve: {
    alias: [
      { find: /^millrace\/schema$/, replacement: source("schema.ts") },
      { find: /^millrace\/llm$/, replacement: source("llm.ts") },
      { find: /^millrace\/testing$/, replacement: source("testing.ts") },
      { find: /^millrace$/, replacement: source("index.ts") },
    ],
  },
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/support/global-setup.ts"],
    pool: "forks",
    // Files share a process and what it has loaded, which halves the time: they leave it as they found it.
    isolate: false,
    unstubEnvs: true,
    restoreMocks: true,
    // One more than there are cores, as tests wait too.
    maxWorkers: availableParallelism() + 1,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    typecheck: {
      enabled: true,
      include: ["test/types/**/*.test-d.ts"],
      checker: "tsc",
      tsconfig: "tsconfig.json",
      // Errors of other files are the business of `npm run typecheck`.
      ignoreSourceErrors: true,
    },
  },
});
