export type Fetch = typeof globalThis.fetch;

type Dispatch = (options: object, handler: unknown) => boolean;

interface Dispatcher {
  dispatch: Dispatch;
}

// Where Node keeps the one that sends: also one that the user has set, for a proxy or for tests.
const GLOBAL_DISPATCHER = Symbol.for("undici.globalDispatcher.1");

const patient: Dispatcher = {
  dispatch: (options, handler) => globalDispatcher()?.dispatch({ ...options, ...NO_LIMITS }, handler) ?? false,
};

// Node gives up on an answer whose headers, or the next piece of whose body, take five minutes. How long a call may
// take is said by `timeoutMs` alone.
const NO_LIMITS = { headersTimeout: 0, bodyTimeout: 0 };

/**
 * Sends as the global `fetch` does, for as long as its signal lets it, and never follows a redirect: it would take key
 * and prompt to another host.
 */
export const patientFetch: Fetch = (input, init) => {
  const own = { ...init, redirect: "manual" as const };
  // The first use of the web's classes lets Node set the dispatcher up.
  void new Headers();
  return globalThis.fetch(input, globalDispatcher() === undefined ? own : { ...own, dispatcher: patient as never });
};

function globalDispatcher(): Dispatcher | undefined {
  return (globalThis as { readonly [GLOBAL_DISPATCHER]?: Dispatcher })[GLOBAL_DISPATCHER];
}
