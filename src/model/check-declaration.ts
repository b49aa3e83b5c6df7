import { z } from "zod";
import { IssuesError } from "../core/errors.ts";
import type { ModelDeclaration, Sources } from "./define-model.ts";
import type { SqlModelDeclaration } from "./define-sql-model.ts";
import { describeIssues } from "./describe-issues.ts";

type Options<Declaration> = Readonly<Record<keyof Declaration, z.ZodType>>;

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;
const hasKind = (kind: string) => (value: unknown) => isObject(value) && "kind" in value && value.kind === kind;
const aFunction = z.custom((value) => typeof value === "function", "expected a function");
const source = z.custom((value) => typeof value === "string" || hasKind("source")(value), {
  error: "expected ref() or documents(), or the name of a model or table",
});
const shared = {
  name: z.string(),
  description: z.string().optional(),
  table: z.custom(isObject, "expected what pipelineTable() returns"),
  sources: z.record(z.string(), source),
  writeStrategy: z.enum(["replace", "merge", "append"]).optional(),
  forEach: z.string().optional(),
  by: z.array(z.string()).min(1).optional(),
  version: z.union([z.string(), z.number()]).optional(),
  tags: z.array(z.string()).optional(),
  owner: z.string().optional(),
  meta: z.record(z.string(), z.unknown()).optional(),
  timeoutMs: z.number().positive().optional(),
  retry: z
    .strictObject({
      maxAttempts: z.number().int().min(1).optional(),
      intervalSeconds: z.number().min(0).optional(),
      backoffRate: z.number().min(1).optional(),
    })
    .optional(),
  tests: z.array(z.custom(hasKind("test"), "expected a data test, as notNull() returns it")).optional(),
};

const model = z.strictObject({
  ...shared,
  config: z.custom((value) => isObject(value) && "safeParse" in value, "expected a zod object").optional(),
  concurrency: z.number().int().min(1).optional(),
  maxAttempts: z.number().int().min(1).optional(),
  maxErrorRate: z.number().min(0).max(1).optional(),
  maxCostUsd: z.number().positive().optional(),
  onChange: z.enum(["rerun", "keep"]).optional(),
  run: aFunction,
} satisfies Options<ModelDeclaration<object, object, Sources, unknown, string, string, z.ZodType>>);

const sqlModel = z.strictObject({
  ...shared,
  table: shared.table.optional(),
  materialized: z.enum(["view", "table"]).optional(),
  sql: aFunction,
} satisfies Options<SqlModelDeclaration<object, object, Sources>>);

const SCHEMAS = { model, sqlModel };

/** Refuses a declaration that TypeScript would refuse: a run does not ask it, and a misspelled option changes what runs. */
export function checkDeclaration(kind: keyof typeof SCHEMAS, declaration: { readonly name: string }): void {
  const schema = SCHEMAS[kind];
  const { error } = schema.safeParse(declaration);
  if (error === undefined) return;
  const issues = describeIssues(error, schema, { code: "MODEL_INVALID", root: "declaration" });
  throw new IssuesError("MODEL_INVALID", `Model "${declaration.name}" is declared in a way that cannot work:`, issues, {
    hint: "Correct these options; `tsc` finds most of it before a run.",
  });
}
