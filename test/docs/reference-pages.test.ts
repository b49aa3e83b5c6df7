import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { referencePages } from "../../scripts/reference-pages.ts";

test.for(Object.entries(referencePages))("%s is what `npm run references` writes", async ([path, render]) => {
  const page = await readFile(fileURLToPath(new URL(`../../${path}`, import.meta.url)), "utf8");
  expect(page).toBe(render());
});
