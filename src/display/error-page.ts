import { errorAnchor, isErrorCode } from "../core/error-codes.ts";

/** In the package, so that it can be read offline. */
const PAGE = "millrace/docs/errors.md";

/** Where codes are explained; undefined when none of them is Millrace's own. */
export function errorPageOf(codes: Iterable<string>): string | undefined {
  const [first, ...others] = new Set([...codes].filter(isErrorCode));
  if (first === undefined) return undefined;
  return others.length === 0 ? `${PAGE}#${errorAnchor(first)}` : PAGE;
}
