import { errorSections } from "../src/core/error-codes.ts";
import type { ErrorDescription } from "../src/core/error-codes/error-section.ts";

const INTRODUCTION = `# Errors

Every error has a code, a message that says what and where, and usually a next step. Codes are stable: scripts and callers
may branch on them. In code an error is a \`MillraceError\`, whose \`code\` is one of the codes below; with \`--json\` a
command prints \`{ "error": { "code", "message", "hint" } }\`.

Two kinds of codes are not on this page: those that you give to \`RowError\` in a model, and those of errors from elsewhere,
which keep their own code or class name (\`TypeError\`, \`ENOENT\`).

A command exits with 2 when it was used wrongly or the project's declarations are wrong, and with 1 when it failed.`;

/** `docs/errors.md`. */
export function renderErrorReference(): string {
  const sections = errorSections.map(({ title, codes }) =>
    [`## ${title}`, ...Object.entries<ErrorDescription>(codes).map(renderCode)].join("\n\n"),
  );
  return `${[INTRODUCTION, renderContents(), ...sections].join("\n\n")}\n`;
}

function renderContents(): string {
  return errorSections.map(({ title }) => `[${title}](#${title.toLowerCase().replaceAll(" ", "-")})`).join(" · ");
}

function renderCode([code, { meaning, cause, next, example }]: readonly [string, ErrorDescription]): string {
  const facts = [`- **Common cause:** ${cause}`, `- **Next step:** ${next}`, `- **Example:** ${quoteCode(example)}`];
  return [`### ${code}`, meaning, facts.join("\n")].join("\n\n");
}

// A message may hold backticks of its own.
function quoteCode(text: string): string {
  if (!text.includes("`")) return `\`${text}\``;
  const isAtEdge = text.startsWith("`") || text.endsWith("`");
  return isAtEdge ? `\`\` ${text} \`\`` : `\`\`${text}\`\``;
}
