/** What the body of a failed call says. `message` may quote the request: it is for finding out, never for showing. */
export interface ErrorBody {
  readonly code: string | undefined;
  readonly type: string | undefined;
  /** The parameter that the server means. */
  readonly parameter: string | undefined;
  readonly message: string;
}

/** Reads the shapes that OpenAI, Anthropic, Google and the servers that speak like them give their errors. */
export function readErrorBody(body: unknown): ErrorBody {
  const outer = member(Array.isArray(body) ? body[0] : body);
  const inner = typeof outer["error"] === "object" && outer["error"] !== null ? member(outer["error"]) : outer;
  const details = Array.isArray(outer["detail"]) ? outer["detail"].map(member) : [];
  const messages = [inner["message"], outer["error"], outer["detail"], ...details.map(({ msg }) => msg)];
  const locations = details.flatMap(({ loc }) => (Array.isArray(loc) ? loc.filter((part) => part !== "body") : []));
  return {
    code: nameIn(inner["code"]) ?? nameIn(inner["status"]),
    type: nameIn(inner["type"]),
    parameter: nameIn(inner["param"]) ?? nameIn(locations[0]),
    message: messages.filter((message) => typeof message === "string").join("\n"),
  };
}

const member = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};

// Only what looks like a name of the API's own is shown; anything longer may be a piece of the prompt.
function nameIn(value: unknown): string | undefined {
  return typeof value === "string" && /^[a-zA-Z][\w.[\]-]{0,63}$/.test(value) ? value : undefined;
}
