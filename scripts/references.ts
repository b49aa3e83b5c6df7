import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { referencePages } from "./reference-pages.ts";

for (const [path, render] of Object.entries(referencePages))
  await writeFile(fileURLToPath(new URL(`../${path}`, import.meta.url)), render());
