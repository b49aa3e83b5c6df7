import { httpError } from "../http/http-error.ts";
import { readCompletion } from "./openai-answer.ts";
import { chatBody, type OutputLimitName, rejectsMode } from "./openai-body.ts";
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

  const callWith = async (mode: StructuredMode, request: LlmRequest, signal: AbortSignal): Promise<LlmAnswer> => {
    const body = chatBody(request, { provider, model, mode, outputLimitName });
    const reply = await postJson({ url: `${baseUrl}/chat/completions`, headers, body, signal, fetch });
    const status = failedStatus(reply);
    if (status === undefined) return readCompletion(reply, { provider, model });
    const parameters = Object.keys(body);
    const error = httpError({ ...reply, status, provider, model, apiKeyVariable, parameters });
    throw error.kind === "bad_request" && rejectsMode(reply, mode) ? new StructuredModeError(error) : error;
  };

  return {
    provider,
    model,
    endpoint,
    limiterKey,
    call: (request, { signal }) =>
      chosen === undefined
        ? withStrongestMode(`${baseUrl} ${model}`, signal, (mode) => callWith(mode, request, signal))
        : callWith(chosen, request, signal),
  };
}

// Routers in front of several providers answer 200 and put the status into the body.
function failedStatus({ isOk, status, body }: JsonReply): number | undefined {
  if (!isOk) return status;
  const { error, choices } = (body ?? {}) as {
    readonly error?: { readonly code?: unknown };
    readonly choices?: unknown;
  };
  const code = choices === undefined ? Number(error?.code) : Number.NaN;
  return code >= 400 && code < 600 ? code : undefined;
}
