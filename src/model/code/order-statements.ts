import { freeNames } from "./free-names.ts";
import { namesDeclared, nodesOf, type SyntaxNode } from "./syntax-tree.ts";

/**
 * The statements of a bundle in the order in which its exports need them, after the imports in alphabetical order. So
 * neither the order of imports and declarations counts nor the file that a declaration stands in.
 */
export function orderStatements(text: string, statements: readonly SyntaxNode[]): string {
  const declaredBy = new Map<string, SyntaxNode>();
  for (const statement of statements) for (const name of namesDeclared(statement)) declaredBy.set(name, statement);
  const ordered = new Set<SyntaxNode>();
  const used = new Set<string>();
  const visited = new Set<SyntaxNode>();
  const add = (statement: SyntaxNode) => {
    if (visited.has(statement)) return;
    visited.add(statement);
    for (const name of freeNames(statement)) {
      used.add(name);
      const declaration = declaredBy.get(name);
      if (declaration !== undefined) add(declaration);
    }
    ordered.add(statement);
  };
  const isExport = (statement: SyntaxNode) => statement.type.startsWith("Export");
  statements.filter(isExport).forEach(add);
  // What is left and declares nothing was kept because it has effects.
  statements.filter((one) => one.type !== "ImportDeclaration" && namesDeclared(one).length === 0).forEach(add);
  const imports = statements.flatMap((statement) => importsOf(statement, used));
  const sorted = imports.toSorted((a, b) => (a.order < b.order ? -1 : a.order > b.order ? 1 : 0));
  return [...sorted.map((one) => one.text), ...[...ordered].map(({ start, end }) => text.slice(start, end))].join("\n");
}

interface Import {
  /** What is imported from where; says nothing of the name that it has here. */
  readonly order: string;
  readonly text: string;
}

function importsOf(statement: SyntaxNode, used: ReadonlySet<string>): readonly Import[] {
  if (statement.type !== "ImportDeclaration") return [];
  const from = JSON.stringify((statement["source"] as SyntaxNode)["value"]);
  const specifiers = nodesOf(statement["specifiers"]);
  if (specifiers.length === 0) return [{ order: from, text: `import ${from};` }];
  return specifiers.flatMap((specifier) => {
    const local = (specifier["local"] as SyntaxNode)["name"] as string;
    const name = importedName(specifier);
    const clause = name === "*" ? `* as ${local}` : `{ ${name} as ${local} }`;
    return used.has(local) ? [{ order: `${from} ${name}`, text: `import ${clause} from ${from};` }] : [];
  });
}

function importedName(specifier: SyntaxNode): string {
  if (specifier.type === "ImportNamespaceSpecifier") return "*";
  const imported = specifier["imported"] as SyntaxNode | undefined;
  if (imported === undefined) return "default";
  return imported.type === "Identifier" ? (imported["name"] as string) : JSON.stringify(imported["value"]);
}
