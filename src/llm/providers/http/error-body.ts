/** What the body of a failed call says. `message` may quote the request: use it to classify, never show it. */
export interface ErrorBody {
  readonly code: string | undefined;
  readonly type: string | undefined;
  /** The parameter that the server means. */
  readonly parameter: string | undefined;
  readonly message: string;
  /** Codes, types and reasons of all levels: gateways put what a provider said into what they say. */
  readonly names: readonly string[];
  /** The answer that the server itself found to be none. */
  readonly failedAnswer: string | undefined;
}

type Members = Readonly<Record<string, unknown>>;

const NAMES: ReadonlySet<string> = new Set(["code", "type", "status", "reason", "reasons"]);
const SAYINGS: ReadonlySet<string> = new Set(["message", "msg", "error", "detail", "description", "title", "raw"]);
const MAX_DEPTH = 6;
const MAX_PARTS = 200;
// Enough of what a server says; the rest is what it was sent.
const MAX_SAYING = 2_000;

/** Reads the shapes that OpenAI, Anthropic, Google and the servers that speak like them give their errors. */
export function readErrorBody(body: unknown): ErrorBody {
  const outer = membersOf(Array.isArray(body) ? body[0] : body);
  const inner = isObject(outer["error"]) ? membersOf(outer["error"]) : outer;
  const said = new Said(body);
  const failed = inner["failed_generation"] ?? outer["failed_generation"];
  return {
    code: nameIn(inner["code"]) ?? nameIn(inner["status"]) ?? nameIn(outer["code"]),
    type: nameIn(inner["type"]),
    parameter: nameIn(inner["param"]) ?? said.parameter,
    message: said.sayings.join("\n"),
    names: said.names,
    failedAnswer: typeof failed === "string" ? failed : undefined,
  };
}

/** Walks over a body once. */
class Said {
  readonly sayings: string[] = [];
  readonly names: string[] = [];
  parameter: string | undefined;
  #parts = 0;

  constructor(body: unknown) {
    this.#walk(body, "", 0);
  }

  #walk(value: unknown, key: string, depth: number): void {
    this.#parts += 1;
    if (depth > MAX_DEPTH || this.#parts > MAX_PARTS) return;
    if (typeof value === "string") {
      const name = NAMES.has(key) ? nameIn(value) : undefined;
      if (name !== undefined) this.names.push(name);
      if (SAYINGS.has(key) || (NAMES.has(key) && name === undefined)) this.#hear(value, depth);
    } else if (Array.isArray(value)) {
      if (key === "loc") this.parameter ??= nameIn(value.find((part) => part !== "body"));
      for (const part of value) this.#walk(part, key, depth + 1);
    } else {
      for (const [name, part] of Object.entries(membersOf(value))) this.#walk(part, name, depth + 1);
    }
  }

  // A gateway may pass on the provider's error as text inside its own.
  #hear(text: string, depth: number): void {
    this.sayings.push(text.slice(0, MAX_SAYING));
    if (!text.startsWith("{") && !text.startsWith("[")) return;
    try {
      this.#walk(JSON.parse(text) as unknown, "", depth + 1);
    } catch {
      // Words that begin with a brace.
    }
  }
}

const isObject = (value: unknown): boolean => typeof value === "object" && value !== null;

const membersOf = (value: unknown): Members => (isObject(value) ? (value as Members) : {});

// Only what looks like a name of the API's own is shown; anything longer may be a piece of the prompt.
function nameIn(value: unknown): string | undefined {
  return typeof value === "string" && /^[a-zA-Z][\w.[\]-]{0,63}$/.test(value) ? value : undefined;
}
