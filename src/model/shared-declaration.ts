import { z } from "zod";
import { IssuesError } from "../core/errors.ts";
import type { AnyModel, RetryPolicy } from "./any-model.ts";
import { type DataTestOf, namedApart } from "./data-test.ts";
import { describeIssues } from "./describe-issues.ts";
import { type Sources, toSpecs, type UntypedRow } from "./sources.ts";

/** What every model declares, whether it is a function or a query. */
export interface SharedDeclaration<Row extends object, Given extends Sources> {
  /** `namespace.model`, unique in the project. */
  readonly name: string;
  readonly description?: string;
  /**
   * Names for what it reads: `ref`, `documents`, or the name of a model or a table.
   *
   * @see `docs/models.md#sources`
   */
  readonly sources: Given;
  /**
   * A new value makes all of the model's output stale.
   *
   * @see `docs/models.md#what-makes-a-unit-run`
   */
  readonly version?: string | number;
  /**
   * Words to select it by: `--select tag:nightly`.
   *
   * @see `README.md#choosing-models`
   */
  readonly tags?: readonly string[];
  /** Who answers for it: `--select owner:data`. */
  readonly owner?: string;
  /** Facts for people and tools, shown in `ls --json` and the manifest. */
  readonly meta?: Readonly<Record<string, unknown>>;
  /** How often the whole model is tried when it fails as a whole. */
  readonly retry?: RetryPolicy;
  readonly timeoutMs?: number;
  /**
   * What must hold for the rows: `notNull`, `unique` and the like. `millrace build` and `millrace test` check it.
   *
   * @see `README.md#seeds-tests-build`
   */
  readonly tests?: readonly DataTestOf<NoInfer<Row>>[];
}

// Rows without declared columns can have any test.
type AnyDeclaration = SharedDeclaration<UntypedRow, Sources>;

/** A schema for every option of a declaration. */
export type Options<Declaration> = Readonly<Record<keyof Declaration, z.ZodType>>;

export const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;
const hasKind = (kind: string) => (value: unknown) => isObject(value) && "kind" in value && value.kind === kind;
const source = z.custom((value) => typeof value === "string" || hasKind("source")(value), {
  error: "expected ref() or documents(), or the name of a model or table",
});

export const aFunction = z.custom((value) => typeof value === "function", "expected a function");
export const aTable = z.custom(isObject, "expected a table from pipelineTable()");

export const sharedOptions = {
  name: z.string(),
  description: z.string().optional(),
  sources: z.record(z.string(), source),
  version: z.union([z.string(), z.number()]).optional(),
  tags: z.array(z.string()).optional(),
  owner: z.string().optional(),
  meta: z.record(z.string(), z.unknown()).optional(),
  retry: z
    .strictObject({
      maxAttempts: z.number().int().min(1).optional(),
      intervalSeconds: z.number().min(0).optional(),
      backoffRate: z.number().min(1).optional(),
    })
    .optional(),
  timeoutMs: z.number().positive().optional(),
  tests: z.array(z.custom(hasKind("test"), "expected a data test such as notNull()")).optional(),
} satisfies Options<AnyDeclaration>;

/** Options of models that write rows: what happens to existing rows, and what a unit is. */
export const writeOptions = {
  writeStrategy: z.enum(["replace", "merge", "append"]).optional(),
  forEach: z.string().optional(),
  by: z.array(z.string()).min(1).optional(),
};

/** Refuses what TypeScript would refuse: a run does not type-check, and a misspelled option changes what runs. */
export function checkDeclaration(schema: z.ZodObject, declaration: { readonly name: string }): void {
  const { error } = schema.safeParse(declaration);
  if (error === undefined) return;
  const issues = describeIssues(error, schema, { code: "MODEL_INVALID", root: "declaration" });
  throw new IssuesError("MODEL_INVALID", `Invalid options for model "${declaration.name}":`, issues, {
    hint: "Fix these options; `tsc` finds most such problems before a run.",
  });
}

/** The shared options with their defaults. */
export function resolveShared(declaration: AnyDeclaration): Pick<AnyModel, keyof AnyDeclaration> {
  const { name, description, sources, version, tags = [], owner, meta = {}, retry, timeoutMs } = declaration;
  return {
    name,
    description,
    sources: toSpecs(sources),
    version: version === undefined ? undefined : String(version),
    tags,
    owner,
    meta,
    retry: {
      maxAttempts: retry?.maxAttempts ?? 1,
      intervalSeconds: retry?.intervalSeconds ?? 1,
      backoffRate: retry?.backoffRate ?? 2,
    },
    timeoutMs,
    tests: namedApart(declaration.tests ?? []),
  };
}
