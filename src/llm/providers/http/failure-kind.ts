import type { LlmErrorKind } from "../../calls/llm-error.ts";
import type { ErrorBody } from "./error-body.ts";

interface Failed {
  readonly status: number;
  /** Undefined when the body was not JSON. */
  readonly body: ErrorBody | undefined;
}

/** What can be done about a failed call, by its status and the server's message. */
export function failureKind({ status, body }: Failed): LlmErrorKind {
  const { names, message } = body ?? { names: [], message: "" };
  const says = (pattern: RegExp) => pattern.test(message) || names.some((name) => pattern.test(name));
  // What ends a whole batch must not be words of one row, which a server may quote: it comes first, or as a code.
  const [opening = ""] = message.slice(0, MAX_OPENING).split(/[.:\n]/);
  const opensWith = (pattern: RegExp) => pattern.test(opening) || names.some((name) => pattern.test(name));
  if (status < 400) return "bad_response";
  if (status === 401) return "auth";
  if (status === 402 || opensWith(QUOTA)) return "quota";
  if (status === 413 || isTooLarge(status, message, says)) return "context_length";
  if (status === 429) return "rate_limit";
  if (status === 408 || status === 409 || status === 425 || status >= 500) return "server";
  if (says(FILTERED)) return "content_filter";
  if (opensWith(BAD_KEY)) return "auth";
  // A gateway in front of the server answers in HTML; only the server decides who may call.
  if (status === 403) return body === undefined ? "server" : "auth";
  if (says(UNFIT_ANSWER)) return "invalid_output";
  return "bad_request";
}

const MAX_OPENING = 200;

// Google also says "quota" for limits that reset within a minute.
const QUOTA =
  /insufficient[_ ](?:quota|balance|credit|fund)|credit balance is too low|billing[_ ]hard[_ ]limit|used all available credits|spending limit|out of credits|payment[_ ]required/i;

const FILTERED =
  /content[_ ]?(?:filter|policy|management)|ResponsibleAIPolicyViolation|moderation|\bflagged\b|data_?inspection|safety[_ ](?:system|policy|filter|check|setting)|sensitive content|prohibited[_ ]content|inappropriate content|violat\w+ [\w' ]{0,30}polic/i;

const BAD_KEY =
  /(?:api[_ ]?key|token|credential)s?[_ ](?:is |was )?(?:not[_ ]valid|invalid|expired|not[_ ]found|missing|disabled)|(?:invalid|incorrect|missing|expired|unknown|wrong)[_ ](?:api[_ ]?key|access token|credential|auth)/i;

// Servers that write the answer by rules of its schema, and find that it does not keep to them.
const UNFIT_ANSWER =
  /json_validate_failed|tool_use_failed|output_parse_failed|failed_generation|failed to (?:generate json|call a function|parse (?:the )?(?:tool|function|output))|generated json does not match/i;

const TOO_LARGE: readonly RegExp[] = [
  /context[_ -]?(?:length|size|limit)[_ ]?(?:exceeded|error)|exceed_context_size|(?:prompt|input|request|message|string|context)s?[_ ]?(?:is |are |was )?(?:too[_ ](?:long|large|many)|above_max)/i,
  /too[_ ]many (?:input |prompt |total )?tokens|tokens?[_ ]limit[_ ](?:reached|exceeded)|range of input length/i,
  /(?:maximum|max|available|model|total)[\w' ]{0,20} (?:context|prompt|input|sequence)[ _-]?(?:length|size|window|limit|tokens?)/i,
  /context[ _-]?(?:length|size|window|limit)[^.]{0,60}(?:exceed|is only|of only|too small|overflow)/i,
  /exceed\w*[^.]{0,60}(?:context|maximum number of (?:input )?tokens|max(?:imum)? (?:input )?(?:tokens?|length|prompt)|tokens? limit|input tokens?)/i,
  /(?:input|prompt|request|message|document|text)s?[^.]{0,80}(?:exceed|longer than|larger than|greater than|above)[^.]{0,60}(?:tokens?|characters|context|bytes)/i,
  /tokens?`?\W+(?:\+|plus)[^.]{0,40}tokens?`?[^.]{0,20}must be (?:<|less|at most|smaller)|must have (?:less|fewer) than [\d,]+ tokens|token count[^.]{0,60}(?:only supports|exceed)/i,
  /reduce (?:the )?(?:length|size|number)[^.]{0,30}(?:messages?|prompt|input|tokens)|(?:shorten|reduce) your (?:prompt|input|message)|shorter prompt|too large for (?:the )?model/i,
];

/**
 * A prompt or request that the model will never accept. With 429 the limit is tokens per minute: only a request that
 * exceeds the whole limit is too large; others have to wait.
 */
function isTooLarge(status: number, message: string, says: (pattern: RegExp) => boolean): boolean {
  if (status === 429) {
    const [, limit, requested] = /limit[: ]+([\d,]+)[^.]*?requested[: ]+([\d,]+)/i.exec(message) ?? [];
    const isAboveAll = limit !== undefined && requested !== undefined && numberOf(requested) > numberOf(limit);
    return (
      isAboveAll ||
      /(?:request|prompt|input|message)s? (?:is |was )?too (?:large|long)|request_too_large/i.test(message)
    );
  }
  return TOO_LARGE.some(says);
}

const numberOf = (text: string): number => Number(text.replaceAll(",", ""));
