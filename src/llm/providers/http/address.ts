import { UsageError } from "../../../core/errors.ts";
import { sha256 } from "../../../core/hash.ts";

/** A base URL without the slash at its end. Its query stays: some gateways have the version there. */
export function checkBaseUrl(value: string): string {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  const isUsable = url !== undefined && /^https?:$/.test(url.protocol) && url.username === "";
  if (isUsable) {
    const [, address = "", rest = ""] = /^([^?#]*)(.*)$/s.exec(value) ?? [];
    return `${address.replace(/\/+$/, "")}${rest}`;
  }
  throw new UsageError("LLM_BASE_URL", "The base URL of a model is not usable.", {
    hint: "Write it as https://host/v1, without a user name in it.",
  });
}

/** The address of a call: its path comes before the query of the base URL. */
export function addressOf(baseUrl: string, path: string): string {
  const [, address = "", query = ""] = /^([^?#]*)(\?[^#]*)?/.exec(baseUrl) ?? [];
  return `${address}${path}${query}`;
}

/**
 * What identifies a server: the whole address without a key in its query. Two paths of one gateway may lead to
 * two models with the same name.
 */
export function endpointOf(baseUrl: string): string {
  const { origin, pathname, searchParams } = new URL(baseUrl);
  const shown = new URLSearchParams([...searchParams].filter(([name]) => !SECRET_PARAMETER.test(name)));
  shown.sort();
  const query = shown.size === 0 ? "" : `?${shown.toString()}`;
  return `${origin}${pathname === "/" ? "" : pathname}${query}`;
}

const SECRET_PARAMETER = /key|token|secret|signature|^(?:sig|code|auth)$/i;

/** Calls to one server with one key share its limits, whatever model they ask. */
export function limiterKeyOf(baseUrl: string, apiKey: string): string {
  return `${new URL(baseUrl).origin} ${apiKey === "" ? "" : sha256(apiKey).slice(0, 12)}`;
}
