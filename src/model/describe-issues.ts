import type { ErrorCode } from "../core/error-codes.ts";
import { z } from "zod";
import type { Issue } from "../core/errors.ts";
import { didYouMean } from "../core/text.ts";

interface IssueDefaults {
  readonly code: ErrorCode;
  /** Place to name for a problem without a path. */
  readonly root: string;
}

/** What zod found wrong, one issue per place; an unknown key comes with the nearest known one. */
export function describeIssues(
  { issues }: z.ZodError,
  schema: z.ZodType,
  { code, root }: IssueDefaults,
): readonly Issue[] {
  return issues.flatMap((issue): Issue | readonly Issue[] => {
    const path = issue.path.join(".");
    if (issue.code === "invalid_key") return { code, path, message: issue.issues[0]?.message ?? issue.message };
    if (issue.code !== "unrecognized_keys") return { code, path: path || root, message: issue.message };
    const known = keysAt(schema, issue.path);
    return issue.keys.map((key) => ({
      code,
      path: path === "" ? key : `${path}.${key}`,
      message: `unknown option.${didYouMean(key, known)}`,
    }));
  });
}

function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): readonly string[] {
  const found = path.reduce<unknown>((at, step) => {
    if (at instanceof z.ZodRecord) return unwrap(at.valueType);
    return at instanceof z.ZodObject ? unwrap(at.shape[String(step)]) : undefined;
  }, schema);
  return found instanceof z.ZodObject ? Object.keys(found.shape) : [];
}

function unwrap(schema: unknown): unknown {
  if (schema instanceof z.ZodPipe) return unwrap(schema.out);
  const isWrapped =
    schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault;
  return isWrapped ? unwrap(schema.unwrap()) : schema;
}
