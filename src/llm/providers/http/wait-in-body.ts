const UNITS_MS: readonly (readonly [RegExp, number])[] = [
  [/^(?:ms|milli)/i, 1],
  [/^s/i, 1_000],
  [/^m/i, 60_000],
  [/^h/i, 3_600_000],
  [/^d/i, 86_400_000],
];

const DURATION = String.raw`\d+(?:\.\d+)?\s*(?:ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?)\b`;
const ASKED_TO_WAIT = new RegExp(
  String.raw`(?:try(?:ing)?(?: your request)? again|retry(?:ing)?|wait|come back|available)[^\d.]{0,40}?((?:${DURATION}[\s,]*(?:and )?)+|${DURATION.replace(String.raw`\b`, "")}(?:${DURATION})*)`,
  "i",
);

/** How long the body of a refusal asks to wait, in milliseconds; undefined where it does not say. */
export function waitInBody(body: unknown, message: string): number | undefined {
  return waitInMembers(body, 0) ?? waitInWords(message);
}

/** `Please try again in 1m30s.` */
function waitInWords(message: string): number | undefined {
  const duration = ASKED_TO_WAIT.exec(message)?.[1];
  return duration === undefined ? undefined : readDuration(duration);
}

/** `1m30s`, `40 seconds`, `7.66s`; undefined without a unit. */
export function readDuration(text: string): number | undefined {
  let sum: number | undefined;
  for (const [, count = "", unit = ""] of text.matchAll(/(\d+(?:\.\d+)?)\s*([a-z]+)/gi)) {
    const factor = UNITS_MS.find(([pattern]) => pattern.test(unit))?.[1];
    if (factor !== undefined) sum = (sum ?? 0) + Number(count) * factor;
  }
  return sum;
}

// In seconds, unless the name says otherwise.
const WAIT_MEMBERS: Readonly<Record<string, number>> = {
  retryDelay: 1_000,
  retry_delay: 1_000,
  retry_after: 1_000,
  retryAfter: 1_000,
  retry_after_seconds: 1_000,
  retry_after_ms: 1,
  retryAfterMs: 1,
  estimated_time: 1_000,
};
const MAX_DEPTH = 5;

/** Google's `RetryInfo`, and what others call the same. */
function waitInMembers(value: unknown, depth: number): number | undefined {
  if (typeof value !== "object" || value === null || depth > MAX_DEPTH) return undefined;
  for (const [name, member] of Object.entries(value)) {
    const factor = Object.hasOwn(WAIT_MEMBERS, name) ? WAIT_MEMBERS[name] : undefined;
    const waitMs = factor === undefined ? waitInMembers(member, depth + 1) : readWait(member, factor);
    if (waitMs !== undefined) return waitMs;
  }
  return undefined;
}

function readWait(value: unknown, factor: number): number | undefined {
  if (typeof value === "number") return Number.isFinite(value) && value >= 0 ? value * factor : undefined;
  if (typeof value === "string")
    return readDuration(value) ?? readWait(value.trim() === "" ? undefined : Number(value), factor);
  const { seconds, nanos = 0 } = (value ?? {}) as { readonly seconds?: unknown; readonly nanos?: unknown };
  return seconds === undefined ? undefined : Number(seconds) * 1_000 + Number(nanos) / 1e6;
}
