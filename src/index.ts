export { defineModel } from "./model/define-model.ts";
export type { Model, SourceReader, ModelWriter, WriteStrategy } from "./model/define-model.ts";
export { documents, ref } from "./model/sources.ts";
