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
  /** It has worked. */
  isProven: boolean;
  /** Requests that a mode was refused for. */
  readonly refusedFor: Map<StructuredMode, Set<string>>;
  probe: Promise<unknown> | undefined;
}

/** Whom the mode is for, and which of its requests this one is. */
export interface ModeOf {
  /** Server, model and shape of the answer: some shapes are too much for a server that takes others. */
  readonly key: string;
  readonly request: () => string;
  readonly signal: AbortSignal;
}

// What a server takes does not change while the process lives.
const knownModes = new Map<string, Known>();

// A server that does not know a mode refuses at once; one that takes longer has begun to answer.
const MAX_WAIT_MS = 3_000;
// What one request is refused for may be its own words.
const ENOUGH_REQUESTS = 2;

/**
 * Calls with the strongest mode that the server takes, found by trying and then remembered. A mode that has worked
 * stays; one that never has is given up once it was refused for different requests. Calls that come while one tries
 * wait for what it finds.
 */
export async function withStrongestMode<Answer>(
  of: ModeOf,
  call: (mode: StructuredMode) => Promise<Answer>,
): Promise<Answer> {
  const known = knownModes.get(of.key) ?? {
    mode: "json_schema",
    isProven: false,
    refusedFor: new Map<StructuredMode, Set<string>>(),
    probe: undefined,
  };
  knownModes.set(of.key, known);
  const untilMs = performance.now() + MAX_WAIT_MS;
  while (!known.isProven && known.probe !== undefined && performance.now() < untilMs) {
    await waitFor(known.probe, untilMs - performance.now(), of.signal);
  }
  if (known.isProven) return call(known.mode);
  if (known.probe !== undefined) return descend(known, of.request, call);
  const probe = descend(known, of.request, call);
  known.probe = probe;
  try {
    return await probe;
  } finally {
    known.probe = undefined;
  }
}

async function descend<Answer>(
  known: Known,
  request: () => string,
  call: (mode: StructuredMode) => Promise<Answer>,
): Promise<Answer> {
  for (let index = STRONGEST_FIRST.indexOf(known.mode); ; index += 1) {
    const mode = STRONGEST_FIRST[index] ?? "none";
    try {
      const answer = await call(mode);
      if (mode === known.mode) known.isProven = true;
      return answer;
    } catch (error) {
      const weaker = STRONGEST_FIRST[index + 1];
      // If the mode has worked for another call meanwhile, the refusal is about the content of this one.
      const isProven = known.isProven && index <= STRONGEST_FIRST.indexOf(known.mode);
      if (!(error instanceof StructuredModeError) || weaker === undefined || isProven) throw error;
      const refusedFor = known.refusedFor.get(mode) ?? new Set<string>();
      known.refusedFor.set(mode, refusedFor.add(request()));
      if (refusedFor.size >= ENOUGH_REQUESTS && mode === known.mode) known.mode = weaker;
    }
  }
}

async function waitFor(probe: Promise<unknown>, mostMs: number, signal: AbortSignal): Promise<void> {
  const enough = new AbortController();
  const either = AbortSignal.any([signal, enough.signal]);
  const heard = probe.then(
    () => undefined,
    () => undefined,
  );
  try {
    await Promise.race([heard, sleep(Math.max(0, mostMs), undefined, { signal: either }).catch(() => undefined)]);
    signal.throwIfAborted();
  } finally {
    enough.abort();
  }
}
