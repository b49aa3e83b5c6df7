import { readErrorBody } from "../http/error-body.ts";
import { plainSchema, strictSchema } from "./strict-schema.ts";
import type { LlmRequest, StructuredMode } from "../../calls/transport.ts";

/** How a server calls the most tokens of an answer; the newer name is the only one that OpenAI's own models all take. */
export type OutputLimitName = "max_completion_tokens" | "max_tokens";

/** What servers differ in. */
export interface AnswerShape {
  readonly mode: StructuredMode;
  readonly outputLimitName: OutputLimitName;
}

/** The body of a chat completion; what is not set is not sent. */
export function chatBody(
  request: LlmRequest,
  to: AnswerShape & { readonly provider: string; readonly model: string },
): Readonly<Record<string, unknown>> {
  const { temperature, maxOutputTokens, seed, providerOptions } = request.params;
  return {
    model: to.model,
    messages: request.messages.map(({ role, content }) => ({ role, content })),
    ...answerShape(request.schema, to.mode),
    ...(temperature === undefined ? {} : { temperature }),
    ...(maxOutputTokens === undefined ? {} : { [to.outputLimitName]: maxOutputTokens }),
    ...(seed === undefined ? {} : { seed }),
    ...providerOptions?.[to.provider],
  };
}

function answerShape({ name, json }: LlmRequest["schema"], mode: StructuredMode): Readonly<Record<string, unknown>> {
  switch (mode) {
    case "json_schema": {
      const strict = strictSchema(json);
      const schema = strict ?? plainSchema(json);
      return { response_format: { type: "json_schema", json_schema: { name, strict: strict !== undefined, schema } } };
    }
    case "tool":
      return {
        tools: [
          { type: "function", function: { name, description: "Gives the answer.", parameters: plainSchema(json) } },
        ],
        tool_choice: { type: "function", function: { name } },
      };
    case "json_object":
      return { response_format: { type: "json_object" } };
    default:
      return {};
  }
}

const COMPLAINTS: Readonly<Record<Exclude<StructuredMode, "none">, RegExp>> = {
  json_schema: /response_format|json_?schema|structured[ _]outputs?|guided|grammar/i,
  tool: /\btools?\b|tool_choice|tool[ -]call|function[ -]?call|\bfunctions?\b/i,
  json_object: /response_format|json_?object|json[ _]mode|grammar/i,
};

/** True when a server refuses a call for the way in which it asks for the answer's shape. */
export function rejectsMode(
  { status, body }: { readonly status: number; readonly body: unknown },
  mode: StructuredMode,
): boolean {
  if (mode === "none" || !isAboutParameters(status)) return false;
  const { code, parameter, message } = readErrorBody(body);
  return [code, parameter, message].some((text) => text !== undefined && COMPLAINTS[mode].test(text));
}

/** True when a server refuses a call for a parameter by its name, or speaks of it. */
export function rejectsParameter(
  { status, body }: { readonly status: number; readonly body: unknown },
  name: string,
): boolean {
  if (!isAboutParameters(status)) return false;
  const { parameter, message } = readErrorBody(body);
  return parameter === name || new RegExp(`\\b${name}\\b`).test(message);
}

const isAboutParameters = (status: number): boolean => status === 400 || status === 422;
