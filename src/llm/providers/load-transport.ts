import { anthropic } from "./anthropic/anthropic.ts";
import { fromAiSdk } from "./ai-sdk/ai-sdk.ts";
import { loadAiSdkProvider } from "./ai-sdk/load-ai-sdk-provider.ts";
import { openAiCompatible } from "./openai/openai-compatible.ts";
import {
  findProvider,
  type LoadTransportOptions,
  ollamaServer,
  openAiServer,
  read,
  readKey,
  serverAtUrl,
} from "./provider-access.ts";
import type { LlmTransport } from "../calls/transport.ts";

type Load = (model: string, options: LoadTransportOptions) => LlmTransport | Promise<LlmTransport>;

const PROVIDERS: Readonly<Record<string, Load>> = {
  openai: (model, { environment }) => openAiCompatible({ ...openAiServer(environment), model }),
  anthropic: (model, { environment }) =>
    anthropic({
      model,
      baseUrl: read(environment, "ANTHROPIC_BASE_URL"),
      apiKey: readKey(environment, "ANTHROPIC_API_KEY", "anthropic"),
    }),
  // It knows the older name only, and passes over what it does not know.
  ollama: (model, { environment }) =>
    openAiCompatible({ ...ollamaServer(environment), model, outputLimitName: "max_tokens" }),
  google: async (model, { environment, projectFolder }) => {
    const apiKey = readKey(environment, "GOOGLE_GENERATIVE_AI_API_KEY", "google");
    const factories = ["createGoogleGenerativeAI", "createGoogle"];
    const create = await loadAiSdkProvider("@ai-sdk/google", { factories, projectFolder });
    return fromAiSdk(create({ apiKey })(model));
  },
  mistral: async (model, { environment, projectFolder }) => {
    const apiKey = readKey(environment, "MISTRAL_API_KEY", "mistral");
    const create = await loadAiSdkProvider("@ai-sdk/mistral", { factories: ["createMistral"], projectFolder });
    return fromAiSdk(create({ apiKey })(model));
  },
};

/** The model that a text such as `openai:gpt-4.1-mini` or `http://localhost:8000/v1#qwen3` names. */
export async function loadTransport(name: string, options: LoadTransportOptions): Promise<LlmTransport> {
  const server = serverAtUrl(name, options.environment);
  if (server !== undefined) return openAiCompatible(server);
  const { load, model } = findProvider(name, PROVIDERS);
  return load(model, options);
}
