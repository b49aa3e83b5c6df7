import { UsageError } from "../core/errors.ts";
import { didYouMean } from "../core/text.ts";
import { anthropic } from "./anthropic.ts";
import { fromAiSdk } from "./ai-sdk.ts";
import { LlmError } from "./llm-error.ts";
import { loadAiSdkProvider } from "./load-ai-sdk-provider.ts";
import { openAiCompatible } from "./openai-compatible.ts";
import type { LlmTransport } from "./transport.ts";

export interface LoadTransportOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Where the packages of providers are looked for; the working directory by default. */
  readonly projectFolder?: string | undefined;
}

type Load = (model: string, options: LoadTransportOptions) => LlmTransport | Promise<LlmTransport>;

const PROVIDERS: Readonly<Record<string, Load>> = {
  openai: (model, { environment }) =>
    openAiCompatible({
      provider: "openai",
      model,
      baseUrl: read(environment, "OPENAI_BASE_URL") ?? "https://api.openai.com/v1",
      apiKey: readKey(environment, "OPENAI_API_KEY", "openai"),
      apiKeyVariable: "OPENAI_API_KEY",
    }),
  anthropic: (model, { environment }) =>
    anthropic({
      model,
      baseUrl: read(environment, "ANTHROPIC_BASE_URL"),
      apiKey: readKey(environment, "ANTHROPIC_API_KEY", "anthropic"),
    }),
  ollama: (model, { environment }) =>
    openAiCompatible({
      provider: "ollama",
      model,
      baseUrl: read(environment, "OLLAMA_BASE_URL") ?? "http://localhost:11434/v1",
      // It knows the older name only, and passes over what it does not know.
      outputLimitName: "max_tokens",
    }),
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
  if (/^https?:\/\//.test(name)) return openAtUrl(name, options);
  const [, provider = name, model = ""] = /^([^:]*):(.*)$/s.exec(name) ?? [];
  const load = Object.hasOwn(PROVIDERS, provider) ? PROVIDERS[provider] : undefined;
  if (load === undefined) {
    const known = Object.keys(PROVIDERS);
    throw new UsageError("LLM_PROVIDER", `There is no model provider "${provider}".${didYouMean(provider, known)}`, {
      hint: `Use one of ${known.join(", ")} as in openai:gpt-4.1-mini, or a URL as in http://localhost:8000/v1#qwen3.`,
    });
  }
  if (model.trim() === "") {
    throw new UsageError("LLM_MODEL", `"${name}" names no model.`, {
      hint: `Write ${provider}: and the model's name.`,
    });
  }
  return load(model, options);
}

// A server of one's own often needs no key. That of OpenAI is not for it: it would be given away.
const URL_KEY = "MILLRACE_LLM_API_KEY";

function openAtUrl(name: string, { environment }: LoadTransportOptions): LlmTransport {
  const end = name.indexOf("#");
  const model = end < 0 ? "" : name.slice(end + 1);
  if (model === "") {
    throw new UsageError("LLM_MODEL", "The URL of a model server names no model.", {
      hint: "Put it behind a #, as in http://localhost:8000/v1#qwen3.",
    });
  }
  return openAiCompatible({
    baseUrl: name.slice(0, end),
    model,
    apiKey: read(environment, URL_KEY),
    apiKeyVariable: URL_KEY,
  });
}

function readKey(environment: LoadTransportOptions["environment"], variable: string, provider: string): string {
  const key = read(environment, variable);
  // Whatever else is in it came along when it was copied, and no header may hold it.
  if (key !== undefined && /^[\x21-\x7e]+$/.test(key)) return key;
  const problem = key === undefined ? `${variable} is not set` : `${variable} holds characters that no key has`;
  throw new LlmError("auth", `No key for ${provider}: ${problem}.`, {
    hint: `Set the environment variable ${variable}, for example in .env.`,
  });
}

function read(environment: LoadTransportOptions["environment"], variable: string): string | undefined {
  const value = environment[variable]?.trim();
  return value === "" ? undefined : value;
}
