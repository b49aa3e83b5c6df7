import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { sha256 } from "../core/hash.ts";
import { canonicalJson } from "../core/json.ts";
import { loadTransport } from "./providers/load-transport.ts";
import { LlmError } from "./calls/llm-error.ts";
import { nearestDifference } from "./request-difference.ts";
import type { LlmAnswer, LlmRequest, LlmTransport } from "./calls/transport.ts";

export interface CassetteOptions {
  /** Where the calls are kept, one readable file each. */
  readonly folder: string;
  /** Who answers while recording: `openai:gpt-4.1-mini`, or a transport. A replay needs neither it nor its key. */
  readonly model: string | LlmTransport;
  /** `record` asks what is not in the folder yet; `replay` asks nobody. `MILLRACE_CASSETTES` unless given, or `replay`. */
  readonly mode?: "record" | "replay" | undefined;
}

/** One call, as its file holds it. There are no keys and no headers in it. */
export interface RecordedCall {
  readonly model: string;
  readonly request: LlmRequest;
  readonly answer: Omit<LlmAnswer, "rateLimit">;
}

/**
 * A model whose calls are recorded once and replayed in tests, without a key and without a network.
 *
 * @example
 * const project = await createTestProject({
 *   models: [topics],
 *   config: { llm: { model: cassette({ folder: "test/cassettes", model: "openai:gpt-4.1-mini" }), cache: "off" } },
 * });
 */
export function cassette({ folder, model, mode = modeOfEnvironment() }: CassetteOptions): LlmTransport {
  const name = typeof model === "string" ? model : `${model.provider}:${model.model}`;
  const [, provider = "cassette", modelName = name] = /^([^:/]*):(?!\/\/)(.*)$/s.exec(name) ?? [];
  let inner: Promise<LlmTransport> | undefined;
  const open = async () => (typeof model === "string" ? loadTransport(model, { environment: process.env }) : model);
  return {
    provider,
    model: modelName,
    endpoint: "cassette",
    limiterKey: `cassette ${name}`,
    async call(request, options) {
      const file = fileOf(name, request);
      const recorded = await read(join(folder, file));
      if (recorded !== undefined) return { ...recorded.answer, rateLimit: undefined };
      if (mode === "replay") throw await missing({ folder, file, model: name }, request);
      inner ??= open();
      const { rateLimit, ...answer } = await (await inner).call(request, options);
      await write(folder, file, { model: name, request, answer });
      return { ...answer, rateLimit };
    },
  };
}

function modeOfEnvironment(): "record" | "replay" {
  return process.env["MILLRACE_CASSETTES"] === "record" ? "record" : "replay";
}

const fileOf = (model: string, request: LlmRequest) =>
  `${request.schema.name}-${sha256(canonicalJson({ model, ...request })).slice(0, 12)}.json`;

async function read(path: string): Promise<RecordedCall | undefined> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  return text === undefined ? undefined : (JSON.parse(text) as RecordedCall);
}

// Complete or not at all: a process that dies while it records leaves no broken file behind.
async function write(folder: string, file: string, call: RecordedCall): Promise<void> {
  await mkdir(folder, { recursive: true });
  const draft = join(folder, `.${file}.${process.pid}`);
  await writeFile(draft, `${JSON.stringify(call, null, 2)}\n`);
  await rename(draft, join(folder, file));
}

async function missing(
  { folder, file, model }: { readonly folder: string; readonly file: string; readonly model: string },
  request: LlmRequest,
): Promise<LlmError> {
  const names = await readdir(folder).catch(() => []);
  const others = names.filter((name) => name.startsWith(`${request.schema.name}-`) && name.endsWith(".json"));
  const calls = await Promise.all(others.map(async (name) => ({ name, call: await read(join(folder, name)) })));
  const known = calls.flatMap(({ name, call }) => (call === undefined ? [] : [{ name, ...call }]));
  const nearest = nearestDifference({ model, request }, known);
  const difference = nearest === undefined ? "No call of this signature is recorded." : nearest;
  return new LlmError(
    "bad_request",
    `No recorded answer for a call of ${request.schema.name}: ${file} is not in ${folder}.\n${difference}`,
    {
      hint: "Record it: set MILLRACE_CASSETTES=record and the provider's key, and run again.",
    },
  );
}
