import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { type TunedPrompt, parseTunedPrompt, promptDigest } from "./tuned-prompt.ts";

/** Folder of a project; an artifact in it that is called like its signature is used wherever the signature is asked. */
const PROGRAMS_FOLDER = "programs";

/** Where the artifact of a signature is adopted, relative to the project. */
export const adoptedFile = (signature: string): string => `${PROGRAMS_FOLDER}/${signature}.json`;

export type AdoptedPrompts = ReadonlyMap<string, TunedPrompt>;

/** The artifacts that a project has adopted, by the name of their signature. */
export function readAdopted(directory: string): AdoptedPrompts {
  const adopted = new Map<string, TunedPrompt>();
  for (const name of filesOf(join(directory, PROGRAMS_FOLDER))) {
    const file = join(PROGRAMS_FOLDER, name);
    const artifact = parseTunedPrompt(readFileSync(join(directory, file), "utf8"), file);
    if (artifact?.signature.name === basename(name, ".json")) adopted.set(artifact.signature.name, artifact);
  }
  return adopted;
}

/** Digests of the prompts, by signature: part of the program of models that ask. */
export function digestAdopted(adopted: AdoptedPrompts): Readonly<Record<string, string>> {
  return Object.fromEntries([...adopted].map(([name, artifact]) => [name, promptDigest(artifact)]));
}

function filesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith(".json"))
      .toSorted();
  } catch {
    // Most projects have none.
    return [];
  }
}
