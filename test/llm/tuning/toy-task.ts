import { exactMatch, type Metric, openAiCompatible, signature } from "millrace/llm";
import { z } from "zod";
import { Budget } from "../../../src/llm/calls/budget.ts";
import type { LlmTransport } from "../../../src/llm/calls/transport.ts";
import { configuredLlm } from "../../../src/llm/configured-llm.ts";
import { createLlm, type Llm } from "../../../src/llm/llm.ts";
import type { CallBook, CallEnd } from "../../../src/llm/answers/call-book.ts";
import type { KeptAnswer } from "../../../src/llm/answers/response-cache.ts";
import { answerOf, fakeTransport } from "../fake-server.ts";
import { type ModelServer, type ModelServerOptions, startModelServer } from "../model-server.ts";
import type { ModelRequest } from "../providers/wire-protocols.ts";

export const desk = signature({
  name: "desk",
  instructions: "Say which desk the ticket goes to.",
  input: z.object({ ticket: z.string() }),
  output: z.object({ desk: z.string() }),
});

/** What a house calls its desks: nobody can guess it. */
const DESKS: Readonly<Record<string, string>> = { invoice: "D1", crash: "D2", parcel: "D3", contract: "D4" };
const SUBJECTS = Object.keys(DESKS);

export interface Ticket {
  readonly input: { readonly ticket: string };
  readonly expected: { readonly desk: string };
}

export const tickets = (count: number, from = 0): readonly Ticket[] =>
  Array.from({ length: count }, (_, index) => {
    const subject = SUBJECTS[index % SUBJECTS.length] ?? "";
    return { input: { ticket: `${subject} number ${from + index}` }, expected: { desk: DESKS[subject] ?? "" } };
  });

export const metric: Metric = exactMatch();
export const price = { inputPer1M: 100, outputPer1M: 400 };

/**
 * A model of one weakness: it knows the desk for invoices, and that of other subjects when its instructions say so, or
 * when it is shown a ticket of that subject. Asked for better instructions, it adds a rule for one wrong answer.
 */
export function startToyServer(options: Omit<ModelServerOptions, "respond"> = {}): Promise<ModelServer> {
  return startModelServer({ ...options, respond });
}

export type Asked = Pick<ModelRequest, "messages" | "prompt">;

export function respond(request: Asked): object {
  const system = request.messages[0]?.content ?? "";
  if (system.includes("You improve the instructions")) return improve(request.prompt);
  const subject = subjectIn(request.prompt);
  const shown = request.messages.slice(1, -1);
  const at = shown.findIndex(({ role, content }) => role === "user" && subjectIn(content) === subject);
  if (at >= 0) return JSON.parse(shown[at + 1]?.content ?? "{}") as object;
  const rule = new RegExp(`${subject} goes to (D\\d)`).exec(system)?.[1];
  return { desk: rule ?? "D1" };
}

const subjectIn = (text: string) => SUBJECTS.find((subject) => text.includes(subject)) ?? "";

function improve(prompt: string): object {
  const [, instructions = "", examples = "[]"] = /instructions:\n([\s\S]*)\n\nexamples:\n(.*)$/.exec(prompt) ?? [];
  const shown = JSON.parse(examples) as { input: string; expected: string; score: number }[];
  const wrong = shown.find(({ score }) => score === 0);
  const { desk: right } = JSON.parse(wrong?.expected ?? "{}") as { desk?: string };
  const rule = `A ticket about ${subjectIn(wrong?.input ?? "")} goes to ${right}.`;
  return { diagnosis: "A rule is missing.", instructions: `${instructions}\n${rule}` };
}

/** A book that keeps answers alone, and outlives the things that use it. */
export class MemoryCache implements CallBook {
  readonly #answers = new Map<string, KeptAnswer>();

  async begin(): Promise<void> {}

  async answerLengths() {
    return { answers: 0, longest: 0 };
  }

  async hit(): Promise<void> {}

  async read<Answer extends KeptAnswer>(keys: readonly string[]): Promise<ReadonlyMap<string, Answer>> {
    const found = keys.flatMap((key) => {
      const answer = this.#answers.get(key);
      return answer === undefined ? [] : [[key, answer as Answer] as const];
    });
    return new Map(found);
  }

  async end({ kept = [] }: CallEnd): Promise<void> {
    for (const { key, answer } of kept) this.#answers.set(key, answer);
  }
}

interface LlmSettings {
  readonly cache?: CallBook;
  readonly maxCostUsd?: number;
  readonly maxRetries?: number;
}

export function llmAt(server: ModelServer, settings: LlmSettings = {}): Llm {
  return llmOf(openAiCompatible({ baseUrl: server.url, model: "tiny", endpoint: "toy" }), settings);
}

/** A model in this process: for statistics of thousands of answers, most of whose time would go into HTTP. */
export function llmInProcess(respond: (request: Asked) => object): Llm {
  const call: LlmTransport["call"] = async ({ messages }) =>
    answerOf({ text: JSON.stringify(respond({ messages, prompt: messages.at(-1)?.content ?? "" })) });
  return llmOf(fakeTransport(call));
}

function llmOf(model: LlmTransport, { cache, maxCostUsd, maxRetries }: LlmSettings = {}): Llm {
  const source = configuredLlm(
    { model, cache: cache === undefined ? "off" : "on", price, maxOutputTokens: 100, maxRetries },
    {
      environment: {},
      database: undefined,
      ...(maxCostUsd === undefined ? {} : { budget: new Budget(maxCostUsd) }),
    },
  );
  const open = async () => ({ ...(await source.open()), book: cache });
  return createLlm({ ...source, open }, { signal: new AbortController().signal, onUsage: () => undefined });
}

export const costOf = ({ billed }: ModelServer) =>
  (billed.inputTokens * price.inputPer1M + billed.outputTokens * price.outputPer1M) / 1e6;
