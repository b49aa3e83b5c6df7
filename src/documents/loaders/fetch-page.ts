import { lookup } from "node:dns/promises";
import { BlockList, isIPv6 } from "node:net";
import { MillraceError } from "../../core/errors.ts";

const TIMEOUT_MS = 30_000;
const MAX_REDIRECTS = 10;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

const privateAddresses = new BlockList();
for (const [net, prefix] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
] as const)
  privateAddresses.addSubnet(net, prefix, "ipv4");
for (const [net, prefix] of [
  ["::", 127],
  ["fc00::", 7],
  ["fe80::", 10],
] as const)
  privateAddresses.addSubnet(net, prefix, "ipv6");

/** Whether an address is of this machine, or of the network around it. */
export function isPrivateAddress(address: string): boolean {
  return privateAddresses.check(address, isIPv6(address) ? "ipv6" : "ipv4");
}

/**
 * Fetches one page and follows redirects, except from a public address into the caller's own
 * network: a page must not choose what is read there.
 */
export async function fetchPage(address: string, signal: AbortSignal | undefined): Promise<Response> {
  const first = new URL(address);
  const ended = AbortSignal.any([AbortSignal.timeout(TIMEOUT_MS), ...(signal === undefined ? [] : [signal])]);
  let url = first;
  for (let hops = 0; hops <= MAX_REDIRECTS; hops += 1) {
    const response = await send(url, url.origin === first.origin ? authorizationOf(first) : {}, ended);
    const location = response.headers.get("location");
    if (response.ok) return response;
    await response.body?.cancel();
    if (!REDIRECTS.has(response.status) || location === null)
      throw unreachable(`answered with status ${response.status}`);
    if (!URL.canParse(location, url.href)) throw unreachable("redirects to something that is not an address");
    url = new URL(location, url.href);
    if (await leadsInside(first, url))
      throw new MillraceError("DOCUMENT_UNREADABLE", "The address redirects into a private network.", {
        hint: "If that is meant, list the address that it leads to.",
      });
  }
  throw unreachable(`redirects more than ${MAX_REDIRECTS} times`);
}

async function send(url: URL, authorization: Record<string, string>, signal: AbortSignal): Promise<Response> {
  const bare = new URL(url.href);
  bare.username = "";
  bare.password = "";
  try {
    const headers = { accept: "text/html, text/markdown, text/*", ...authorization };
    return await fetch(bare, { signal, headers, redirect: "manual" });
  } catch (cause) {
    throw unreachable("did not answer", cause);
  }
}

function authorizationOf({ username, password }: URL): Record<string, string> {
  if (username === "" && password === "") return {};
  const text = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { authorization: `Basic ${Buffer.from(text).toString("base64")}` };
}

async function leadsInside(first: URL, next: URL): Promise<boolean> {
  if (!/^https?:$/.test(next.protocol)) return true;
  return !(await isPrivateHost(first)) && (await isPrivateHost(next));
}

async function isPrivateHost({ hostname }: URL): Promise<boolean> {
  try {
    const addresses = await lookup(hostname.replace(/^\[|\]$/g, ""), { all: true });
    return addresses.some(({ address }) => isPrivateAddress(address));
  } catch (cause) {
    throw unreachable("redirects to a host that is not known", cause);
  }
}

export function unreachable(what: string, cause?: unknown): MillraceError {
  return new MillraceError("DOCUMENT_UNREADABLE", `The address ${what}.`, { cause, isRetryable: true });
}
