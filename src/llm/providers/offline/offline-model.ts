import { sha256 } from "../../../core/hash.ts";
import type { LlmAnswer, LlmRequest, LlmTransport } from "../../calls/transport.ts";

export interface OfflineOptions {
  /** Answers instead of the made-up ones; undefined leaves the answer to the model. Still checked like any answer. */
  readonly respond?: (request: LlmRequest) => unknown;
}

type Schema = Readonly<Record<string, unknown>>;

/**
 * A model that needs no key and no network: it fills the schema from the words and numbers of the prompt, the same for
 * the same prompt. Rows made by it say `offline`, so that they are never taken for real.
 */
export function offlineModel({ respond }: OfflineOptions = {}): LlmTransport {
  return {
    provider: "offline",
    model: "offline",
    endpoint: "offline",
    limiterKey: "offline",
    async call(request): Promise<LlmAnswer> {
      const prompt = request.messages.at(-1)?.content ?? "";
      const answer = respond?.(request) ?? new Filler(prompt).fill(request.schema.json, "$", request.schema.json);
      const text = typeof answer === "string" ? answer : JSON.stringify(answer);
      const characters = request.messages.reduce((sum, { content }) => sum + content.length, 0);
      return {
        text,
        finish: "stop",
        model: "offline",
        usage: {
          inputTokens: Math.ceil(characters / 4),
          outputTokens: Math.ceil(text.length / 4),
          cachedInputTokens: 0,
        },
        rateLimit: undefined,
      };
    },
  };
}

/** Makes a value for every part of a schema out of one prompt. */
class Filler {
  readonly #words: readonly string[];
  readonly #numbers: readonly number[];
  readonly #seed: string;
  #nextNumber = 0;

  constructor(prompt: string) {
    this.#seed = sha256(prompt);
    this.#words = prompt.match(/\p{L}[\p{L}\p{N}'-]*/gu) ?? ["offline"];
    this.#numbers = (prompt.match(/-?\d+(?:\.\d+)?/g) ?? []).map(Number);
  }

  fill(schema: Schema, path: string, root: Schema): unknown {
    const target = resolveRef(schema, root);
    const choices = (target["enum"] ?? (target["const"] === undefined ? undefined : [target["const"]])) as
      | readonly unknown[]
      | undefined;
    if (choices !== undefined) return this.#choose(choices, path);
    const variants = (target["anyOf"] ?? target["oneOf"]) as readonly Schema[] | undefined;
    if (variants?.[0] !== undefined) return this.fill(variants[0], path, root);
    switch (Array.isArray(target["type"]) ? (target["type"] as unknown[])[0] : target["type"]) {
      case "object":
        return Object.fromEntries(
          Object.entries((target["properties"] ?? {}) as Record<string, Schema>).map(([name, member]) => [
            name,
            this.fill(member, `${path}.${name}`, root),
          ]),
        );
      case "array": {
        const least = Number(target["minItems"] ?? 1);
        const count = Math.min(Math.max(least, 2), Number(target["maxItems"] ?? 2));
        const item = (target["items"] ?? { type: "string" }) as Schema;
        return Array.from({ length: count }, (_, index) => this.fill(item, `${path}[${index}]`, root));
      }
      case "number":
      case "integer":
        return this.#number(target, path);
      case "boolean":
        return this.#hash(path) % 2 === 0;
      case "null":
        return null;
      default:
        return this.#text(target, path);
    }
  }

  #choose(choices: readonly unknown[], path: string): unknown {
    const named = choices.find((choice) =>
      this.#words.some((word) => word.toLowerCase() === String(choice).toLowerCase()),
    );
    return named ?? choices[this.#hash(path) % choices.length];
  }

  #number(schema: Schema, path: string): number {
    const given = this.#numbers[this.#nextNumber % Math.max(1, this.#numbers.length)] ?? this.#hash(path) % 100;
    this.#nextNumber += 1;
    const least = Number(schema["minimum"] ?? -Infinity);
    const most = Number(schema["maximum"] ?? Infinity);
    const value = Math.min(most, Math.max(least, given));
    return schema["type"] === "integer" ? Math.round(value) : value;
  }

  #text(schema: Schema, path: string): string {
    const start = this.#hash(path) % this.#words.length;
    const least = Number(schema["minLength"] ?? 1);
    const most = Number(schema["maxLength"] ?? 60);
    const text = this.#words.slice(start, start + 3).join(" ");
    return text.padEnd(least, "·").slice(0, most);
  }

  #hash(path: string): number {
    return Number.parseInt(sha256(this.#seed + path).slice(0, 8), 16);
  }
}

function resolveRef(schema: Schema, root: Schema): Schema {
  const name = typeof schema["$ref"] === "string" ? /^#\/\$defs\/(.+)$/.exec(schema["$ref"])?.[1] : undefined;
  return name === undefined ? schema : ((root["$defs"] as Record<string, Schema> | undefined)?.[name] ?? schema);
}
