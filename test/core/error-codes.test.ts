import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { errorSections } from "../../src/core/error-codes.ts";
import type { ErrorDescription } from "../../src/core/error-codes/error-section.ts";
import { parseStatements } from "../../src/model/code/minify-code.ts";
import { nodesOf, type SyntaxNode, walk } from "../../src/model/code/syntax-tree.ts";

const source = fileURLToPath(new URL("../../src", import.meta.url));
/** Texts of the source, as patterns in which a value may be anything. */
async function textsOfSource(): Promise<readonly RegExp[]> {
  const files = (await readdir(source, { recursive: true })).filter(
    (file) => file.endsWith(".ts") && !file.includes("error-codes"),
  );
  const texts = await Promise.all(files.map(async (file) => textsOf(file, await readFile(join(source, file), "utf8"))));
  return texts.flat().flatMap(patternsOf);
}

const lettersIn = (text: string) => text.replaceAll(/\W/g, "").length;

// A few letters between values match anything. A long piece is a message, or the part of it that says what is wrong.
function patternsOf(parts: readonly string[]): readonly RegExp[] {
  const pattern = parts
    .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"))
    .join("[^]*")
    .replaceAll("\n", "\\s*");
  if (Math.max(...parts.map(lettersIn)) >= 12) return [new RegExp(pattern)];
  return lettersIn(parts.join("")) >= 9 ? [new RegExp(`^${pattern}$`)] : [];
}

function textsOf(file: string, text: string): readonly (readonly string[])[] {
  const found: string[][] = [];
  for (const statement of parseStatements(file, text))
    walk(statement, (node) => {
      if (node.type === "Literal" && typeof node["value"] === "string") found.push([node["value"]]);
      if (node.type === "TemplateLiteral") found.push(nodesOf(node["quasis"]).map(cookedText));
    });
  return found;
}

const cookedText = (quasi: SyntaxNode) => (quasi["value"] as { readonly cooked: string }).cooked;

test("the example of every code is a message that the source can give", async () => {
  const texts = await textsOfSource();
  const examples = errorSections.flatMap(({ codes }) =>
    Object.entries<ErrorDescription>(codes).map(([code, { example }]) => ({ code, example })),
  );
  // Their words come from elsewhere, or are put together from several texts.
  const composed = new Set([
    "PARAMETER_INVALID",
    "THROWN_VALUE",
    "TESTS_FAILED",
    "LLM_SERVER",
    "DOCUMENT_NOT_UTF8",
    "OUTPUT_FAILED",
  ]);
  expect(
    examples.filter(({ code, example }) => !composed.has(code) && !texts.some((text) => text.test(example))),
  ).toEqual([]);
});
