import { z } from "zod";
import { storableJson } from "../../core/json.ts";
import { LlmError } from "../calls/llm-error.ts";
import { parseWithoutNulls } from "./drop-nulls.ts";
import { jsonIn } from "./read-json.ts";
import type { Prompt } from "../prompts/prompt.ts";
import type { LlmAnswer } from "../calls/transport.ts";

/** The answer as the program's output, or the reason why it is none. */
export function parseAnswer({ name, output, schema }: Prompt, answer: Pick<LlmAnswer, "text" | "finish">): unknown {
  if (answer.finish === "refusal") throw new LlmError("refusal", `The model refused to answer ${name}.`);
  if (answer.finish === "content_filter") {
    throw new LlmError("content_filter", `The provider's content filter withheld the answer of ${name}.`);
  }
  if (answer.finish === "length") {
    throw new LlmError("truncated", `The answer of ${name} was cut off at the limit of output tokens.`, {
      hint: "Raise `maxOutputTokens`, or ask for less at once.",
    });
  }
  const isEscaped = answer.text.includes("\\u");
  let failed: z.ZodError | undefined;
  for (const value of jsonIn(answer.text)) {
    const result = parseWithoutNulls(output, isEscaped ? storable(value) : value, schema);
    if (result.success) return result.data;
    failed ??= result.error;
  }
  if (failed === undefined) throw new LlmError("invalid_output", `The answer of ${name} is not JSON.`);
  throw new LlmError("invalid_output", `The answer of ${name} does not fit its signature:\n${describeIssues(failed)}`);
}

// What was escaped in the answer: half a character, or U+0000, in a text that a row is to hold.
const storable = (value: unknown): unknown => JSON.parse(storableJson(value));

// Paths and rules only: received values are text of the model, which may be text of a document.
function describeIssues({ issues }: z.ZodError): string {
  const lines = issues.slice(0, 10).map((issue) => `  ${issue.path.join(".") || "the answer"}: ${issue.message}`);
  return [...lines, ...(issues.length > 10 ? [`  and ${issues.length - 10} more`] : [])].join("\n");
}
