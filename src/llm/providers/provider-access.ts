import { UsageError } from "../../core/errors.ts";
import { didYouMean } from "../../core/text.ts";
import { LlmError } from "../calls/llm-error.ts";
import type { OpenAiServerOptions } from "./openai/openai-server.ts";

export interface LoadTransportOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Where the packages of providers are looked for; the working directory by default. */
  readonly projectFolder?: string | undefined;
}

type Environment = LoadTransportOptions["environment"];

type OpenAiServer = Omit<OpenAiServerOptions, "model">;

export const openAiServer = (environment: Environment): OpenAiServer => ({
  provider: "openai",
  baseUrl: read(environment, "OPENAI_BASE_URL") ?? "https://api.openai.com/v1",
  apiKey: readKey(environment, "OPENAI_API_KEY", "openai"),
  apiKeyVariable: "OPENAI_API_KEY",
});

export const ollamaServer = (environment: Environment): OpenAiServer => ({
  provider: "ollama",
  baseUrl: read(environment, "OLLAMA_BASE_URL") ?? "http://localhost:11434/v1",
});

// A server of one's own often needs no key. That of OpenAI is not for it: it would be given away.
const URL_KEY = "MILLRACE_LLM_API_KEY";

/** The server and the model of `http://localhost:8000/v1#qwen3`; undefined for another name. */
export function serverAtUrl(name: string, environment: Environment): OpenAiServerOptions | undefined {
  if (!/^https?:\/\//.test(name)) return undefined;
  const end = name.indexOf("#");
  const model = end < 0 ? "" : name.slice(end + 1);
  if (model === "") {
    throw new UsageError("LLM_MODEL", "The URL of a model server has no model name.", {
      hint: "Put it behind a #, as in http://localhost:8000/v1#qwen3.",
    });
  }
  return {
    baseUrl: name.slice(0, end),
    model,
    apiKey: read(environment, URL_KEY),
    apiKeyVariable: URL_KEY,
  };
}

/** Splits `provider:model` and finds the provider. */
export function findProvider<Load>(
  name: string,
  providers: Readonly<Record<string, Load>>,
): { readonly load: Load; readonly model: string } {
  const [, provider = name, model = ""] = /^([^:]*):(.*)$/s.exec(name) ?? [];
  const load = Object.hasOwn(providers, provider) ? providers[provider] : undefined;
  if (load === undefined) {
    const known = Object.keys(providers);
    throw new UsageError("LLM_PROVIDER", `There is no provider "${provider}".${didYouMean(provider, known)}`, {
      hint: `Use one of ${known.join(", ")} as in openai:gpt-4.1-mini, or a URL as in http://localhost:8000/v1#qwen3.`,
    });
  }
  if (model.trim() === "") {
    throw new UsageError("LLM_MODEL", `"${name}" has no model name.`, {
      hint: `Write ${provider}: followed by the model's name.`,
    });
  }
  return { load, model };
}

export function readKey(environment: Environment, variable: string, provider: string): string {
  const key = read(environment, variable);
  // Whatever else is in it came along when it was copied, and no header may hold it.
  if (key !== undefined && /^[\x21-\x7e]+$/.test(key)) return key;
  const problem = key === undefined ? `${variable} is not set` : `${variable} contains characters that no key has`;
  throw new LlmError("auth", `No key for ${provider}: ${problem}.`, {
    hint: `Set the environment variable ${variable}, for example in .env.`,
  });
}

export function read(environment: Environment, variable: string): string | undefined {
  const value = environment[variable]?.trim();
  return value === "" ? undefined : value;
}
