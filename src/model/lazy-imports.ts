import { AsyncLocalStorage } from "node:async_hooks";

type Import = (specifier: string, ...rest: unknown[]) => Promise<unknown>;

const NAME = "millrace.lazy-imports";
const isImporting = new AsyncLocalStorage<true>();
let last: Promise<unknown> = Promise.resolve();

/**
 * Compiled text of a module whose run-time imports give it whole modules. The loader itself gives a module that is still
 * being loaded to a second importer as it is, half empty; units that run side by side and import what they need would
 * meet it.
 */
export function guardLazyImports(code: string): string {
  return code.replace(/^("use strict";)?/, `$1jitiImport = globalThis[Symbol.for("${NAME}")](jitiImport, module);`);
}

// Only a module that has been loaded imports lazily: one that is being loaded may be part of a cycle.
const guard =
  (load: Import, importer: { readonly loaded: boolean }): Import =>
  (...request) =>
    importer.loaded ? oneAtATime(() => load(...request)) : load(...request);

Object.defineProperty(globalThis, Symbol.for(NAME), { value: guard, configurable: true });

// A module that waits for another lazy import while it is loaded has its turn already.
function oneAtATime(load: () => Promise<unknown>): Promise<unknown> {
  if (isImporting.getStore() === true) return load();
  const loaded = last.then(() => isImporting.run(true, load));
  last = loaded.catch(() => undefined);
  return loaded;
}
