import { namesDeclared, namesIn, nodesOf, type SyntaxNode, walk } from "./syntax-tree.ts";

/** The names that a piece of code reads from what surrounds it, in their order; nodes that `skip` names left out. */
export function freeNames(root: SyntaxNode, skip?: (node: SyntaxNode) => boolean): readonly string[] {
  const names: string[] = [];
  const visit = (node: SyntaxNode, outer: ReadonlySet<string>) => {
    const own = namesOfScope(node);
    const local = own.length === 0 ? outer : new Set([...outer, ...own]);
    for (const [member, value] of Object.entries(node)) {
      for (const child of nodesOf(value)) {
        if (skip?.(child) === true || isLabel(node, member)) continue;
        const name = child["name"];
        if (!/^(?:JSX)?Identifier$/.test(child.type)) visit(child, local);
        else if (typeof name === "string" && !local.has(name)) names.push(name);
      }
    }
  };
  visit(root, new Set());
  return names;
}

// An identifier here names a part of something and is not a reference.
function isLabel(parent: SyntaxNode, member: string): boolean {
  if (parent["computed"] === true) return false;
  if (member === "property") return parent.type === "MemberExpression";
  if (member === "key") return parent["shorthand"] !== true;
  return member === "label" || (member === "exported" && parent.type === "ExportSpecifier");
}

// The names that exist within a node only.
function namesOfScope(node: SyntaxNode): readonly string[] {
  switch (node.type) {
    case "FunctionDeclaration":
    case "FunctionExpression":
    case "ArrowFunctionExpression":
      return [...namesIn(node["id"]), ...namesIn(node["params"]), ...hoistedNames(node)];
    case "ClassExpression":
      return namesIn(node["id"]);
    case "CatchClause":
      return namesIn(node["param"]);
    case "BlockStatement":
    case "StaticBlock":
      return nodesOf(node["body"]).flatMap(namesDeclared);
    case "SwitchStatement":
      return nodesOf(node["cases"]).flatMap((one) => nodesOf(one["consequent"]).flatMap(namesDeclared));
    case "ForStatement":
      return nodesOf(node["init"]).flatMap(namesDeclared);
    case "ForInStatement":
    case "ForOfStatement":
      return nodesOf(node["left"]).flatMap(namesDeclared);
    default:
      return [];
  }
}

function hoistedNames(scope: SyntaxNode): readonly string[] {
  const names: string[] = [];
  walk(scope, (node) => {
    if (node.type === "VariableDeclaration" && node["kind"] === "var") names.push(...namesDeclared(node));
    return node === scope || !node.type.includes("Function");
  });
  return names;
}
