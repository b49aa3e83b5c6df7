import { plural } from "../core/text.ts";
import type { RunEvent } from "../state/run-events.ts";
import { describeDocuments } from "./describe-documents.ts";
import { escapeControls } from "./fit-text.ts";
import type { Palette } from "./output.ts";
import { renderTestResult } from "./render-test-result.ts";
import { type Suggest, suggestPlainly, withSuggestions } from "./suggest.ts";

interface EventOptions {
  readonly colors: Palette;
  readonly isVerbose?: boolean | undefined;
  /** Of tables; as wide as they are unless given. */
  readonly width?: number | undefined;
  readonly command?: Suggest | undefined;
}

const DOCUMENT_FAILURES_SHOWN = 5;

/** The lines of events that stay on the screen, whatever the display; none for those that only move a model on. */
export function renderEvent(event: RunEvent, options: EventOptions): readonly string[] {
  const { colors, isVerbose = false, width = Number.POSITIVE_INFINITY, command = suggestPlainly } = options;
  switch (event.type) {
    case "run_started": {
      const what = [
        plural(event.models.length, "model"),
        event.mode === "full" ? "full refresh" : "delta",
        `run ${event.runId}`,
      ];
      const verb = event.isResumed ? "Resuming" : "Running";
      return [`${verb} ${colors.bold(event.pipeline)} ${colors.dim(`· ${what.join(" · ")}`)}`];
    }
    case "documents_synced":
      return renderDocuments(event, colors);
    case "schema_changed": {
      const statements = isVerbose ? event.statements.map((statement) => colors.dim(`  ${statement}`)) : [];
      return [
        `${colors.dim("tables")}     ${plural(event.statements.length, "change")} to match the models`,
        ...statements,
      ];
    }
    case "test_finished":
      // Passing tests are only counted, by the model.
      return event.result.status === "passed" && !isVerbose
        ? []
        : renderTestResult(event.result, { colors, width, command });
    case "warning":
      return [
        `${colors.yellow("warning")}    ${escapeControls(withSuggestions(event.message, command), { keepNewlines: true })}`,
      ];
    case "log": {
      const label = { info: colors.dim("info"), warning: colors.yellow("warning"), error: colors.red("error") }[
        event.level
      ];
      const gap = " ".repeat(11 - event.level.length);
      return [
        `${label}${gap}${colors.dim(`${event.model}:`)} ${escapeControls(event.message, { keepNewlines: true })}`,
      ];
    }
    default:
      return [];
  }
}

function renderDocuments(event: Extract<RunEvent, { type: "documents_synced" }>, colors: Palette): readonly string[] {
  const shown = event.failed.slice(0, DOCUMENT_FAILURES_SHOWN);
  const hidden = event.failed.length - shown.length;
  return [
    `${colors.dim("documents")}  ${describeDocuments(event, colors.red)}`,
    ...shown.map(
      (failure) =>
        `  ${colors.red("✗")} ${escapeControls(failure.path)}  ${colors.dim(escapeControls(failure.message))}`,
    ),
    ...(hidden > 0 ? [colors.dim(`  … and ${hidden} more`)] : []),
  ];
}
