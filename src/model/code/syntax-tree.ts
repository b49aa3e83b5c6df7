/** A node of an ESTree, with offsets into the text that was parsed. */
export interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [member: string]: unknown;
}

function isNode(value: unknown): value is SyntaxNode {
  return typeof value === "object" && value !== null && typeof (value as { type?: unknown }).type === "string";
}

/** The nodes of a list member, or the one node of a single one. */
export function nodesOf(value: unknown): readonly SyntaxNode[] {
  return Array.isArray(value) ? value.filter(isNode) : isNode(value) ? [value] : [];
}

/** Calls `visit` for a node and all nodes below it; when `visit` returns false, the nodes below are skipped. */
export function walk(node: SyntaxNode, visit: (node: SyntaxNode) => boolean | void): void {
  if (visit(node) === false) return;
  for (const value of Object.values(node)) for (const child of nodesOf(value)) walk(child, visit);
}

/** The names that a variable, a parameter or a destructuring pattern declares. */
export function namesIn(pattern: unknown): readonly string[] {
  return nodesOf(pattern).flatMap((node) => {
    switch (node.type) {
      case "Identifier":
        return [node["name"] as string];
      case "ObjectPattern":
        return namesIn(node["properties"]);
      case "Property":
        return namesIn(node["value"]);
      case "ArrayPattern":
        return namesIn(node["elements"]);
      case "AssignmentPattern":
        return namesIn(node["left"]);
      case "RestElement":
        return namesIn(node["argument"]);
      default:
        return [];
    }
  });
}

/** The names that a statement declares, exported or not. */
export function namesDeclared(statement: SyntaxNode): readonly string[] {
  switch (statement.type) {
    case "VariableDeclaration":
      return nodesOf(statement["declarations"]).flatMap((declarator) => namesIn(declarator["id"]));
    case "FunctionDeclaration":
    case "ClassDeclaration":
      return namesIn(statement["id"]);
    case "ExportNamedDeclaration":
    case "ExportDefaultDeclaration":
      return nodesOf(statement["declaration"]).flatMap(namesDeclared);
    default:
      return [];
  }
}

/** The expression itself, without parentheses and what TypeScript puts around it. */
export function bareExpression(node: unknown): SyntaxNode | undefined {
  if (!isNode(node)) return undefined;
  const isWrapper = ["ParenthesizedExpression", "TSAsExpression", "TSSatisfiesExpression", "TSNonNullExpression"];
  return isWrapper.includes(node.type) ? bareExpression(node["expression"]) : node;
}
