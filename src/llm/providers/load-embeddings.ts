import { type AiSdkEmbeddingModel, embeddingsFromAiSdk } from "./ai-sdk/ai-sdk-embeddings.ts";
import type { EmbeddingTransport } from "../calls/embedding-transport.ts";
import { loadAiSdkProvider } from "./ai-sdk/load-ai-sdk-provider.ts";
import { openAiEmbeddings } from "./openai/openai-embeddings.ts";
import {
  findProvider,
  type LoadTransportOptions,
  ollamaServer,
  openAiServer,
  readKey,
  serverAtUrl,
} from "./provider-access.ts";

type Load = (model: string, options: LoadTransportOptions) => EmbeddingTransport | Promise<EmbeddingTransport>;

interface EmbeddingProvider {
  textEmbeddingModel(model: string): AiSdkEmbeddingModel;
}

const PROVIDERS: Readonly<Record<string, Load>> = {
  openai: (model, { environment }) => openAiEmbeddings({ ...openAiServer(environment), model }),
  ollama: (model, { environment }) => openAiEmbeddings({ ...ollamaServer(environment), model }),
  google: async (model, { environment, projectFolder }) => {
    const apiKey = readKey(environment, "GOOGLE_GENERATIVE_AI_API_KEY", "google");
    const factories = ["createGoogleGenerativeAI", "createGoogle"];
    const create = await loadAiSdkProvider("@ai-sdk/google", { factories, projectFolder });
    return embeddingsFromAiSdk((create({ apiKey }) as unknown as EmbeddingProvider).textEmbeddingModel(model));
  },
  mistral: async (model, { environment, projectFolder }) => {
    const apiKey = readKey(environment, "MISTRAL_API_KEY", "mistral");
    const create = await loadAiSdkProvider("@ai-sdk/mistral", { factories: ["createMistral"], projectFolder });
    return embeddingsFromAiSdk((create({ apiKey }) as unknown as EmbeddingProvider).textEmbeddingModel(model));
  },
};

/** The embedding model that a text such as `openai:text-embedding-3-small` names. */
export async function loadEmbeddings(name: string, options: LoadTransportOptions): Promise<EmbeddingTransport> {
  const server = serverAtUrl(name, options.environment);
  if (server !== undefined) return openAiEmbeddings(server);
  const { load, model } = findProvider(name, PROVIDERS);
  return load(model, options);
}
