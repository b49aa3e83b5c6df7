import { z } from "zod";
import { LlmError } from "../calls/llm-error.ts";
import type { Prompt } from "../prompts/prompt.ts";
import type { LlmAnswer } from "../calls/transport.ts";

/** The answer as the program's output, or the reason why it is none. */
export function parseAnswer({ name, output }: Prompt, answer: Pick<LlmAnswer, "text" | "finish">): unknown {
  if (answer.finish === "refusal") throw new LlmError("refusal", `The model refused to answer ${name}.`);
  if (answer.finish === "content_filter") {
    throw new LlmError("content_filter", `The provider's content filter withheld the answer of ${name}.`);
  }
  if (answer.finish === "length") {
    throw new LlmError("truncated", `The answer of ${name} was cut off at the limit of output tokens.`, {
      hint: "Raise `maxOutputTokens`, or ask for less at once.",
    });
  }
  const value = readJson(answer.text);
  if (value === undefined) throw new LlmError("invalid_output", `The answer of ${name} is not JSON.`);
  const result = output.safeParse(value);
  if (result.success) return result.data;
  // Strict schemas have no optional fields: what is left out comes as null.
  const withoutNulls = output.safeParse(dropNulls(value));
  if (withoutNulls.success) return withoutNulls.data;
  throw new LlmError(
    "invalid_output",
    `The answer of ${name} does not fit its signature:\n${describeIssues(result.error)}`,
  );
}

// Paths and rules only: received values are text of the model, which may be text of a document.
function describeIssues({ issues }: z.ZodError): string {
  const lines = issues.slice(0, 10).map((issue) => `  ${issue.path.join(".") || "the answer"}: ${issue.message}`);
  return [...lines, ...(issues.length > 10 ? [`  and ${issues.length - 10} more`] : [])].join("\n");
}

/** JSON as models write it: alone, in a fence, or with words around it. */
function readJson(text: string): unknown {
  const fenced = /```(?:json)?\s*([\s\S]*?)```/.exec(text)?.[1];
  const start = text.indexOf("{");
  const end = text.lastIndexOf("}");
  const outermost = start >= 0 && end > start ? text.slice(start, end + 1) : undefined;
  for (const candidate of [text, fenced, outermost]) {
    if (candidate === undefined) continue;
    try {
      return JSON.parse(candidate) as unknown;
    } catch {
      // The next reading may be the right one.
    }
  }
  return undefined;
}

function dropNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(dropNulls);
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).filter(([, member]) => member !== null);
  return Object.fromEntries(members.map(([name, member]) => [name, dropNulls(member)]));
}
