import { declaringNames, modelCall } from "./find-declaration.ts";
import { freeNames } from "./free-names.ts";
import { bareExpression, nodesOf, type SyntaxNode, walk } from "./syntax-tree.ts";
import type { TextEdit } from "./edit-text.ts";

const FREE_OF_EFFECTS = new Set([
  "FunctionDeclaration",
  "FunctionExpression",
  "ArrowFunctionExpression",
  "ClassDeclaration",
  "Literal",
]);

/**
 * Edits that make every value at the top level of a module one that a bundler may leave out: a constant counts when
 * something that counts reads it, whatever is called to make it. Tables, sources, other models, clients and schemas
 * of which `run` knows nothing vanish so.
 */
export function isolateValues(statements: readonly SyntaxNode[]): readonly TextEdit[] {
  return statements.flatMap((statement) =>
    expressionsOf(statement).flatMap((value) => {
      if (FREE_OF_EFFECTS.has(value.type) || waits(value)) return [];
      return [
        { start: value.start, end: value.start, text: "/* @__PURE__ */ (() => (" },
        { start: value.end, end: value.end, text: "))()" },
      ];
    }),
  );
}

/**
 * Edits that take out of every declared model what says nothing about its function: its sources and its description.
 * Imports that only they need go too, so that the models upstream need not be read.
 */
export function dropMetadata(statements: readonly SyntaxNode[]): readonly TextEdit[] {
  const models = declaringNames(statements);
  const dropped = new Map<SyntaxNode, string>();
  for (const statement of statements) {
    walk(statement, (node) => {
      const properties = modelCall(node, models)?.properties;
      for (const name of ["description", "sources"]) {
        const property = properties?.get(name);
        if (property !== undefined) dropped.set(property, `${name}: undefined`);
      }
    });
  }
  const isImport = (statement: SyntaxNode) => statement.type === "ImportDeclaration";
  const kept = statements.filter((statement) => !isImport(statement));
  const names = new Set(kept.flatMap((statement) => freeNames(statement, (node) => dropped.has(node))));
  for (const statement of statements.filter(isImport)) {
    const locals = nodesOf(statement["specifiers"]).map(({ local }) => (local as SyntaxNode)["name"] as string);
    if (locals.length > 0 && !locals.some((local) => names.has(local))) dropped.set(statement, "");
  }
  return [...dropped].map(([{ start, end }, text]) => ({ start, end, text }));
}

/**
 * Edits that add the digest of a file to where a module names it as one beside itself: `new URL("prompt.md",
 * import.meta.url)`. A prompt counts like a constant then; a file that the model itself writes does not count.
 */
export function digestBesideFiles(
  statements: readonly SyntaxNode[],
  digestOf: (name: string) => string | undefined,
): readonly TextEdit[] {
  const edits: TextEdit[] = [];
  for (const statement of statements) {
    walk(statement, (node) => {
      if (isWrite(node)) return false;
      if (node.type !== "NewExpression" || bareExpression(node["callee"])?.["name"] !== "URL") return true;
      const [name, base] = nodesOf(node["arguments"]);
      const isBeside = base?.type === "MemberExpression" && bareExpression(base["object"])?.type === "MetaProperty";
      const digest = isBeside && typeof name?.["value"] === "string" ? digestOf(name["value"]) : undefined;
      if (name !== undefined && digest !== undefined) {
        edits.push({ start: name.end, end: name.end, text: ` + ${JSON.stringify(`#${digest}`)}` });
      }
      return true;
    });
  }
  return edits;
}

function isWrite(node: SyntaxNode): boolean {
  const callee = node.type === "CallExpression" ? bareExpression(node["callee"]) : undefined;
  const name = callee?.type === "MemberExpression" ? (callee["property"] as SyntaxNode)["name"] : callee?.["name"];
  return typeof name === "string" && /^(append|write|createWrite|mkdir|rm|unlink)/.test(name);
}

function expressionsOf(statement: SyntaxNode): readonly SyntaxNode[] {
  if (statement.type === "VariableDeclaration") {
    return nodesOf(statement["declarations"]).flatMap((declarator) => nodesOf(declarator["init"]));
  }
  const declared = nodesOf(statement["declaration"]);
  if (statement.type === "ExportNamedDeclaration") return declared.flatMap(expressionsOf);
  return statement.type === "ExportDefaultDeclaration" ? declared.filter((node) => !isType(node)) : [];
}

const isType = (node: SyntaxNode) => node.type.startsWith("TS") && bareExpression(node) === node;

// An `await` cannot move into a function.
function waits(value: SyntaxNode): boolean {
  let found = false;
  walk(value, (node) => {
    if (node.type === "AwaitExpression") found = true;
    return !/Function/.test(node.type);
  });
  return found;
}
