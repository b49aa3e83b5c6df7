import { sha256 } from "../../../core/hash.ts";
import { LlmError } from "../../calls/llm-error.ts";
import { addressOf } from "../http/address.ts";
import { httpError } from "../http/http-error.ts";
import { readCompletion } from "./openai-answer.ts";
import { type AnswerShape, chatBody, type OutputLimitName, rejectsMode, rejectsParameter } from "./openai-body.ts";
import { accessTo, type OpenAiServerOptions } from "./openai-server.ts";
import { type JsonReply, postJson } from "../http/post-json.ts";
import { StructuredModeError, withStrongestMode } from "./structured-modes.ts";
import type { LlmAnswer, LlmRequest, LlmTransport, StructuredMode } from "../../calls/transport.ts";

export interface OpenAiCompatibleOptions extends OpenAiServerOptions {
  /** How answers are shaped. Without it the strongest way that the server takes is found by trying. */
  readonly mode?: StructuredMode | undefined;
  readonly outputLimitName?: OutputLimitName | undefined;
}

/**
 * A model behind OpenAI's protocol: at OpenAI, or at vLLM, llama.cpp, Ollama, LM Studio and many others.
 *
 * @example
 * openAiCompatible({ baseUrl: "http://localhost:8000/v1", model: "qwen3", endpoint: "gpu-a" });
 */
export function openAiCompatible(options: OpenAiCompatibleOptions): LlmTransport {
  const { model, mode: chosen, apiKeyVariable, outputLimitName = "max_completion_tokens", fetch } = options;
  const { baseUrl, provider, endpoint, limiterKey, headers } = accessTo(options);
  const url = addressOf(baseUrl, "/chat/completions");
  const limitNames = limitNamesOf(`${url} ${model}`, outputLimitName);

  const send = async (shape: AnswerShape, request: LlmRequest, signal: AbortSignal): Promise<LlmAnswer> => {
    const body = chatBody(request, { provider, model, ...shape });
    const reply = await postJson({ url, headers, body, signal, fetch });
    const failure = failureIn(reply);
    if (failure === undefined) return readCompletion(reply, { provider, model });
    const parameters = Object.keys(body);
    const error = httpError({ ...reply, ...failure, provider, model, apiKeyVariable, parameters });
    if (error.kind !== "bad_request") throw error;
    if (rejectsParameter(failure, shape.outputLimitName) && shape.outputLimitName in body)
      throw new LimitNameError(error);
    throw rejectsMode(failure, shape.mode) ? new StructuredModeError(error) : error;
  };

  const callWith = async (mode: StructuredMode, request: LlmRequest, signal: AbortSignal): Promise<LlmAnswer> => {
    const { name } = limitNames;
    try {
      return await send({ mode, outputLimitName: name }, request, signal);
    } catch (error) {
      if (!(error instanceof LimitNameError)) throw error;
      const other = OTHER_LIMIT_NAME[name];
      const answer = await send({ mode, outputLimitName: other }, request, signal);
      limitNames.name = other;
      return answer;
    }
  };

  return {
    provider,
    model,
    endpoint,
    limiterKey,
    call: (request, { signal }) => {
      if (chosen !== undefined) return callWith(chosen, request, signal);
      const of = {
        key: `${url} ${model} ${digestOf(request.schema.json)}`,
        request: () => sha256(JSON.stringify(request.messages)),
        signal,
      };
      return withStrongestMode(of, (mode) => callWith(mode, request, signal));
    },
  };
}

const digests = new WeakMap<object, string>();

// A schema is the same object for all calls of its signature, and long.
function digestOf(schema: object): string {
  const digest = digests.get(schema) ?? sha256(JSON.stringify(schema));
  digests.set(schema, digest);
  return digest;
}

/** A server that calls the most tokens of an answer by the other name. */
class LimitNameError extends LlmError {
  constructor(error: LlmError) {
    super("bad_request", error.message, { status: error.status, hint: error.hint });
  }
}

const OTHER_LIMIT_NAME: Readonly<Record<OutputLimitName, OutputLimitName>> = {
  max_completion_tokens: "max_tokens",
  max_tokens: "max_completion_tokens",
};

// By server and model, so that only the first call of a process finds out.
const knownLimitNames = new Map<string, { name: OutputLimitName }>();

function limitNamesOf(key: string, name: OutputLimitName): { name: OutputLimitName } {
  const known = knownLimitNames.get(key) ?? { name };
  knownLimitNames.set(key, known);
  return known;
}

/** Routers in front of several providers answer 200 and put the failure into the body, or into the choice. */
function failureIn({ isOk, status, body }: JsonReply): { readonly status: number; readonly body: unknown } | undefined {
  if (!isOk) return { status, body };
  const { error, choices } = (body ?? {}) as { readonly error?: Failure; readonly choices?: readonly Choice[] };
  const failed = choices === undefined ? error : choices[0]?.error;
  const code = Number(failed?.code);
  return code >= 400 && code < 600 ? { status: code, body: { error: failed } } : undefined;
}

interface Failure {
  readonly code?: unknown;
}

interface Choice {
  readonly error?: Failure;
}
