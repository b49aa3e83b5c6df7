import type { RateLimit } from "../../calls/transport.ts";
import { readDuration } from "./wait-in-body.ts";

/** What the headers of an answer say about the next calls; undefined when they say nothing. */
export function readRateLimit(headers: Headers): RateLimit | undefined {
  const requests = readWindow(headers, [
    { remaining: "x-ratelimit-remaining-requests", reset: "x-ratelimit-reset-requests" },
    { remaining: "anthropic-ratelimit-requests-remaining", reset: "anthropic-ratelimit-requests-reset" },
    { remaining: "x-ratelimit-remaining", reset: "x-ratelimit-reset" },
    { remaining: "ratelimit-remaining", reset: "ratelimit-reset" },
  ]);
  const tokens = readWindow(headers, [
    { remaining: "x-ratelimit-remaining-tokens", reset: "x-ratelimit-reset-tokens" },
    { remaining: "anthropic-ratelimit-tokens-remaining", reset: "anthropic-ratelimit-tokens-reset" },
    { remaining: "anthropic-ratelimit-input-tokens-remaining", reset: "anthropic-ratelimit-input-tokens-reset" },
  ]);
  if (requests === undefined && tokens === undefined) return undefined;
  return {
    remainingRequests: requests?.remaining,
    remainingTokens: tokens?.remaining,
    resetMs: laterReset([requests, tokens]),
  };
}

/** How long the server asks to wait before the next call; undefined when it does not. */
export function readRetryAfter(headers: Headers): number | undefined {
  const milliseconds = readNumber(headers.get("retry-after-ms"));
  if (milliseconds !== undefined) return milliseconds;
  const value = headers.get("retry-after");
  if (value === null) return undefined;
  const seconds = readNumber(value);
  return seconds === undefined ? (untilTime(value, headers) ?? readDuration(value)) : seconds * 1_000;
}

interface Window {
  readonly remaining: number | undefined;
  readonly resetMs: number | undefined;
}

function readWindow(
  headers: Headers,
  names: readonly { readonly remaining: string; readonly reset: string }[],
): Window | undefined {
  for (const name of names) {
    const remaining = readNumber(headers.get(name.remaining));
    const resetMs = readReset(headers.get(name.reset), headers);
    if (remaining !== undefined || resetMs !== undefined) return { remaining, resetMs };
  }
  return undefined;
}

// What is used up decides; the other one may need long to be full again, but nobody waits for that.
function laterReset(windows: readonly (Window | undefined)[]): number | undefined {
  const known = windows.filter((window) => window?.resetMs !== undefined);
  const usedUp = known.filter((window) => window?.remaining === 0);
  const resets = (usedUp.length > 0 ? usedUp : known).map((window) => window?.resetMs ?? 0);
  return resets.length === 0 ? undefined : Math.max(...resets);
}

const FIRST_EPOCH = 1e9;

/** `1m30s`, `20ms`, `7.66s`, seconds, seconds or milliseconds since 1970, or a time, as milliseconds from now. */
function readReset(value: string | null, headers: Headers): number | undefined {
  if (value === null) return undefined;
  const number = readNumber(value);
  if (number === undefined) return untilTime(value, headers) ?? readDuration(value);
  if (number < FIRST_EPOCH) return number * 1_000;
  const atMs = number < FIRST_EPOCH * 1_000 ? number * 1_000 : number;
  return Math.max(0, atMs - serverTime(headers));
}

// A number, alone or with a unit, would be read as a day of some year.
function untilTime(value: string, headers: Headers): number | undefined {
  const time = /^[-+]?[\d.]+\s*(?:[a-z]|$)/i.test(value) ? Number.NaN : Date.parse(value);
  return Number.isNaN(time) ? undefined : Math.max(0, time - serverTime(headers));
}

/** Servers give times by their own clock, and `Date` only in whole seconds; ours is finer where both agree. */
function serverTime(headers: Headers): number {
  const now = Date.now();
  const told = Date.parse(headers.get("date") ?? "");
  return Number.isNaN(told) ? now : Math.min(told + 1_000, Math.max(told, now));
}

function readNumber(value: string | null): number | undefined {
  if (value === null || value.trim() === "") return undefined;
  const number = Number(value);
  return Number.isFinite(number) && number >= 0 ? number : undefined;
}
