import { setTimeout as sleep } from "node:timers/promises";
import { LlmError } from "../../calls/llm-error.ts";
import type { StructuredMode } from "../../calls/transport.ts";

const STRONGEST_FIRST: readonly StructuredMode[] = ["json_schema", "tool", "json_object", "none"];

/** A server that does not know this way to shape an answer; another call with a weaker one may do. */
export class StructuredModeError extends LlmError {
  constructor(error: LlmError) {
    super("bad_request", error.message, { status: error.status, hint: error.hint });
  }
}

interface Known {
  mode: StructuredMode;
  isProven: boolean;
  probe: Promise<unknown> | undefined;
}

// One per server and model; what it takes does not change while the process lives.
const knownModes = new Map<string, Known>();

// A server that does not know a mode says so at once; one that is slower has begun to answer.
const MAX_WAIT_MS = 3_000;

/**
 * Calls with the strongest mode that the server takes, found by trying and then remembered. Calls that come while the
 * first one tries wait for what it finds.
 */
export async function withStrongestMode<Answer>(
  key: string,
  signal: AbortSignal,
  call: (mode: StructuredMode) => Promise<Answer>,
): Promise<Answer> {
  const known = knownModes.get(key) ?? { mode: "json_schema", isProven: false, probe: undefined };
  knownModes.set(key, known);
  if (known.isProven) return descend(known, call);
  if (known.probe !== undefined) {
    await waitFor(known.probe, signal);
    return descend(known, call);
  }
  const probe = descend(known, call);
  known.probe = probe;
  try {
    return await probe;
  } finally {
    known.probe = undefined;
  }
}

async function descend<Answer>(known: Known, call: (mode: StructuredMode) => Promise<Answer>): Promise<Answer> {
  for (let index = STRONGEST_FIRST.indexOf(known.mode); ; index += 1) {
    const mode = STRONGEST_FIRST[index] ?? "none";
    try {
      const answer = await call(mode);
      known.isProven = true;
      return answer;
    } catch (error) {
      const weaker = STRONGEST_FIRST[index + 1];
      if (!(error instanceof StructuredModeError) || weaker === undefined) throw error;
      // Another call may have gone further down by now.
      if (index >= STRONGEST_FIRST.indexOf(known.mode)) known.mode = weaker;
    }
  }
}

async function waitFor(probe: Promise<unknown>, signal: AbortSignal): Promise<void> {
  const enough = new AbortController();
  const either = AbortSignal.any([signal, enough.signal]);
  const heard = probe.then(
    () => undefined,
    () => undefined,
  );
  try {
    await Promise.race([heard, sleep(MAX_WAIT_MS, undefined, { signal: either }).catch(() => undefined)]);
  } finally {
    enough.abort();
  }
}
