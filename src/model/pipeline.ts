import type { AnyModel } from "./any-model.ts";

/** A named set of models; the order they run in comes from what they read. */
export interface Pipeline {
  readonly kind: "pipeline";
  readonly name: string;
  readonly models: readonly (AnyModel | string)[];
  readonly stopOnError: boolean;
}

/** Declares a pipeline of models, given as objects or by name. With `stopOnError` nothing new starts after a failure. */
export function definePipeline(declaration: {
  readonly name: string;
  readonly models: readonly (AnyModel | string)[];
  readonly stopOnError?: boolean;
}): Pipeline {
  return Object.freeze({
    kind: "pipeline",
    name: declaration.name,
    models: Object.freeze([...declaration.models]),
    stopOnError: declaration.stopOnError ?? true,
  });
}

export function isPipeline(value: unknown): value is Pipeline {
  return typeof value === "object" && value !== null && (value as { kind?: unknown }).kind === "pipeline";
}
