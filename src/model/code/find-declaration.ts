import { bareExpression, nodesOf, type SyntaxNode, walk } from "./syntax-tree.ts";

/** One `defineModel({…})` in the text of a module. */
interface ModelCall {
  /** The properties of the argument, by name. */
  readonly properties: ReadonlyMap<string, SyntaxNode>;
}

/** The declaration of a model that this node is, if it is one. */
export function modelCall(node: SyntaxNode, names: ReadonlySet<string>): ModelCall | undefined {
  if (node.type !== "CallExpression" || !names.has(calledName(node) ?? "")) return undefined;
  const declaration = bareExpression(nodesOf(node["arguments"])[0]);
  if (declaration?.type !== "ObjectExpression") return undefined;
  const properties = nodesOf(declaration["properties"]).filter((property) => property.type === "Property");
  return { properties: new Map(properties.map((property) => [propertyName(property), property])) };
}

/** The local names of the functions that declare models. */
export function declaringNames(statements: readonly SyntaxNode[]): ReadonlySet<string> {
  const names = new Set(["defineModel", "defineSqlModel"]);
  for (const specifier of statements.flatMap((statement) => nodesOf(statement["specifiers"]))) {
    const imported = (specifier["imported"] as SyntaxNode | undefined)?.["name"] as string | undefined;
    if (imported !== undefined && names.has(imported)) names.add((specifier["local"] as SyntaxNode)["name"] as string);
  }
  return names;
}

function calledName(call: SyntaxNode): string | undefined {
  const callee = bareExpression(call["callee"]);
  const name = callee?.type === "MemberExpression" ? bareExpression(callee["property"]) : callee;
  return name?.["name"] as string | undefined;
}

function propertyName(property: SyntaxNode): string {
  const key = property["key"] as SyntaxNode;
  return String(key["name"] ?? key["value"]);
}

/** The `run` property of the model of this name; undefined when it is declared inside a function or assembled. */
export function findRun(statements: readonly SyntaxNode[], model: string): SyntaxNode | undefined {
  const constants = new Map<string, SyntaxNode>();
  const calls: ModelCall[] = [];
  const names = declaringNames(statements);
  for (const statement of statements) {
    for (const { name, value } of valuesOf(statement)) {
      if (name !== undefined) constants.set(name, value);
      walk(value, (node) => {
        const call = modelCall(node, names);
        if (call !== undefined) calls.push(call);
        return !/Function/.test(node.type);
      });
    }
  }
  const found = calls.find(({ properties }) => constantText(properties.get("name")?.["value"], constants) === model);
  return found?.properties.get("run");
}

// What a statement gives a name to, and what it exports as default.
function valuesOf(statement: SyntaxNode): readonly { readonly name?: string; readonly value: SyntaxNode }[] {
  const isExport = statement.type === "ExportNamedDeclaration" || statement.type === "ExportDefaultDeclaration";
  const [declaration] = isExport ? nodesOf(statement["declaration"]) : [statement];
  if (declaration?.type === "VariableDeclaration") {
    return nodesOf(declaration["declarations"]).flatMap((declarator) => {
      const value = bareExpression(declarator["init"]);
      const name = (declarator["id"] as SyntaxNode)["name"] as string | undefined;
      return value === undefined ? [] : [name === undefined ? { value } : { name, value }];
    });
  }
  const value = statement.type === "ExportDefaultDeclaration" ? bareExpression(declaration) : undefined;
  return value === undefined ? [] : [{ value }];
}

// Names of models are often put together from a namespace that is a constant of the file.
function constantText(node: unknown, constants: ReadonlyMap<string, SyntaxNode>, depth = 0): string | undefined {
  const value = bareExpression(node);
  if (value === undefined || depth > 8) return undefined;
  const textOf = (part: unknown) => constantText(part, constants, depth + 1);
  if (value.type === "Literal") return typeof value["value"] === "string" ? value["value"] : undefined;
  if (value.type === "Identifier") return textOf(constants.get(value["name"] as string));
  if (value.type === "BinaryExpression" && value["operator"] === "+") {
    const [left, right] = [textOf(value["left"]), textOf(value["right"])];
    return left === undefined || right === undefined ? undefined : left + right;
  }
  if (value.type !== "TemplateLiteral") return undefined;
  const texts = nodesOf(value["quasis"]).map((part) => (part["value"] as { cooked: string }).cooked);
  const inserted = nodesOf(value["expressions"]).map(textOf);
  if (inserted.includes(undefined)) return undefined;
  return texts.map((text, index) => text + (inserted[index] ?? "")).join("");
}
