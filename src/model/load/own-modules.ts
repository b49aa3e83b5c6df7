import { didYouMean } from "../../core/text.ts";

const ENTRIES: Readonly<Record<string, string>> = {
  millrace: "index",
  "millrace/schema": "schema",
  "millrace/llm": "llm",
  "millrace/testing": "testing",
};

/** Compiled modules find this very copy of the package here, wherever they are. */
const NAME = `millrace ${import.meta.url}`;
const loaded: Record<string, object> = {};
Object.defineProperty(globalThis, Symbol.for(NAME), { value: loaded, configurable: true });

/** Whether an import means this package. */
export const isOwnModule = (specifier: string) => Object.hasOwn(ENTRIES, specifier);

/** A hint for a name that this module does not export: another module that has it, or a similar name; empty without one. */
export async function findOwnExport(name: string, specifier: string): Promise<string> {
  for (const entry of Object.keys(ENTRIES)) {
    if ((await offerOwnModule(entry)).includes(name)) return ` Import it from "${entry}".`;
  }
  return didYouMean(name, await offerOwnModule(specifier));
}

/** Loads a module of this package so that compiled modules find it; returns the names it exports. */
export async function offerOwnModule(specifier: string): Promise<readonly string[]> {
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  const url = new URL(`../../${ENTRIES[specifier] ?? ""}.${extension}`, import.meta.url);
  const exported = (await import(url.href)) as object;
  loaded[specifier] = exported;
  return Object.keys(exported);
}

/** The text of a module that re-exports the offered one. */
export function ownModuleText(specifier: string, names: readonly string[]): string {
  const found = `globalThis[Symbol.for(${JSON.stringify(NAME)})][${JSON.stringify(specifier)}]`;
  return `export const { ${names.join(", ")} } = ${found};`;
}
