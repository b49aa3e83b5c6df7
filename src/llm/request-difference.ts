import { distance } from "fastest-levenshtein";
import { canonicalJson } from "../core/json.ts";
import type { LlmRequest } from "./calls/transport.ts";

interface Named {
  readonly name: string;
  readonly model: string;
  readonly request: LlmRequest;
}

const SHOWN_CHARACTERS = 60;
// Distances of long texts take long; what differs is seen in the beginning of the first difference.
const COMPARED_CHARACTERS = 2_000;

/** Describes, line by line, how a request differs from the most similar of the others. */
export function nearestDifference(asked: Omit<Named, "name">, others: readonly Named[]): string | undefined {
  const text = textOf(asked.request);
  const [nearest] = others
    .map((other) => ({ other, away: distance(text, textOf(other.request)) }))
    .toSorted((a, b) => a.away - b.away);
  if (nearest === undefined) return undefined;
  const { name, ...other } = nearest.other;
  return [`The nearest is ${name}, which differs in`, ...differences(asked, other).map((line) => `  ${line}`)].join(
    "\n",
  );
}

function differences(asked: Omit<Named, "name">, other: Omit<Named, "name">): readonly string[] {
  const lines: string[] = [];
  if (asked.model !== other.model) lines.push(`model: ${other.model} → ${asked.model}`);
  const [messages, known] = [asked.request.messages, other.request.messages];
  for (let index = 0; index < Math.max(messages.length, known.length); index += 1) {
    const [now, before] = [messages[index], known[index]];
    if (now?.content === before?.content && now?.role === before?.role) continue;
    const role = now?.role ?? before?.role ?? "";
    lines.push(`${role} message: ${firstDifference(before?.content ?? "", now?.content ?? "")}`);
  }
  for (const part of ["schema", "params"] as const) {
    const [now, before] = [canonicalJson(asked.request[part]), canonicalJson(other.request[part])];
    if (now !== before) lines.push(`${part}: ${firstDifference(before, now)}`);
  }
  return lines;
}

function firstDifference(before: string, now: string): string {
  let same = 0;
  while (same < before.length && before[same] === now[same]) same += 1;
  const start = Math.max(0, same - SHOWN_CHARACTERS / 3);
  const show = (text: string) => JSON.stringify(text.slice(start, start + SHOWN_CHARACTERS));
  return `at character ${same}, ${show(before)} → ${show(now)}`;
}

const textOf = ({ messages, params }: LlmRequest) =>
  `${messages.map(({ content }) => content.slice(0, COMPARED_CHARACTERS)).join("\n")}${canonicalJson(params)}`;
