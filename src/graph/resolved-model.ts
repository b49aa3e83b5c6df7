import type { ErrorCode } from "../core/error-codes.ts";
import type { AnyModel, SourceSpec } from "../model/any-model.ts";
import type { TableShape } from "../table/table-shape.ts";

/** A source whose name has been looked up: a model's table, the documents, or an external table. */
export interface ResolvedSource {
  readonly name: string;
  readonly spec: SourceSpec;
  readonly origin:
    | {
        readonly type: "model";
        readonly model: AnyModel;
        readonly shape: TableShape;
        /** Rows carry the column names of the database. */
        readonly isUntyped: boolean;
      }
    | { readonly type: "table"; readonly table: string }
    | { readonly type: "documents"; readonly content: boolean };
}

export interface ResolvedModel {
  readonly model: AnyModel;
  readonly shape: TableShape;
  readonly sources: readonly ResolvedSource[];
  /** Names of the models it reads, and of those of the graph that these stem from where they are outside, sorted. */
  readonly upstreams: readonly string[];
  /** Names of all models above it, in this graph or not. */
  readonly ancestors: readonly string[];
}

/** Takes one problem of a declaration; all of them are reported together. */
export type Report = (code: ErrorCode, message: string) => void;
