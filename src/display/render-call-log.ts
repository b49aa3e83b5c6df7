import { formatDuration } from "../core/duration.ts";
import type { LoggedCall } from "../state/call-log.ts";
import { formatCost } from "./describe-model.ts";
import { escapeControls, wrapText } from "./fit-text.ts";
import type { Palette } from "./output.ts";

interface Look {
  readonly colors: Palette;
  readonly width: number;
}

/** Calls one under the other: what was asked, what came back, and what it took. A repeated prompt is shown once. */
export function renderCallLog(calls: readonly LoggedCall[], { colors, width }: Look): readonly string[] {
  let shown: string | undefined;
  return calls.flatMap((call, index) => {
    const prompt = JSON.stringify([call.unit, call.signature, call.messages]);
    const isRepeated = prompt === shown;
    shown = prompt;
    return [
      ...(index === 0 ? [] : [""]),
      headline(call, colors),
      colors.dim(`  ${facts(call).join(" · ")}`),
      ...(isRepeated ? [colors.dim("  the same prompt")] : messagesOf(call, { colors, width })),
      ...textOf("answer", call.answer ?? withoutAnswer(call), { colors, width }),
    ];
  });
}

function headline({ at, unit, signature, kind, status }: LoggedCall, colors: Palette): string {
  const paint = status === "ok" || status === "cached" ? colors.green : status === "sent" ? colors.yellow : colors.red;
  const what = kind === "ask" ? signature : `${signature} (${kind})`;
  const said = status === "sent" ? "no end seen" : status;
  return `${colors.bold(what)}${unit === null || unit === "" ? "" : ` ${escapeControls(unit)}`}  ${paint(said)}  ${colors.dim(`${at.slice(0, 19)}Z`)}`;
}

function facts(call: LoggedCall): readonly string[] {
  const { inputTokens, outputTokens, cachedInputTokens, reasoningTokens, costUsd, savedUsd, latencyMs } = call;
  const tokens = (count: number | null | undefined, what: string) =>
    count === null || count === undefined || count === 0 ? [] : [`${count.toLocaleString("en-US")} ${what}`];
  const cost = costUsd === null ? "cost unknown" : formatCost(costUsd);
  return [
    `${call.provider}:${call.answeredBy ?? call.askedModel}`,
    ...tokens(inputTokens, "tokens in"),
    ...tokens(cachedInputTokens, "cached by the provider"),
    ...tokens(outputTokens, "tokens out"),
    ...tokens(reasoningTokens, "of them reasoning"),
    call.status === "cached" ? `nothing paid${savedUsd === null ? "" : ` (${formatCost(savedUsd)} when asked)`}` : cost,
    ...(latencyMs === null ? [] : [formatDuration(latencyMs)]),
    ...(call.runId === null ? [] : [`run ${call.runId}`]),
  ];
}

function messagesOf({ messages }: LoggedCall, look: Look): readonly string[] {
  if (messages === null) return [look.colors.dim("  the prompt is not stored")];
  return messages.flatMap(({ role, content }) => textOf(role, content, look));
}

function textOf(title: string, text: string | undefined, { colors, width }: Look): readonly string[] {
  if (text === undefined) return [];
  const lines = text.split("\n").flatMap((line) => wrapText(escapeControls(line), Math.max(20, width - 4)));
  return [`  ${colors.cyan(title)}`, ...lines.map((line) => `    ${line}`)];
}

function withoutAnswer({ status }: LoggedCall): string | undefined {
  return status === "ok" || status === "cached" ? "(not stored)" : undefined;
}
