import { dirname } from "node:path";
import { pathToFileURL } from "node:url";
import { editText } from "../code/edit-text.ts";
import { parseStatements } from "../code/minify-code.ts";
import { namesDeclared, nodesOf, type SyntaxNode, walk } from "../code/syntax-tree.ts";

const META = "__millrace_meta";
const COMPUTED_IMPORT =
  'The name of an imported file must be a plain string: what a model imports is part of its code. List the files: `{ en: () => import("./en.ts") }`.';

/** An import of a project file whose name is computed at run time, so what it reaches is unknown. */
export function findComputedImport(path: string, text: string) {
  if (!/\bimport\s*\(\s*`\.{1,2}\/[^`]*\$\{/.test(text)) return undefined;
  let found: SyntaxNode | undefined;
  for (const statement of parse(path, text)) {
    walk(statement, (node) => {
      const [source] = node.type === "ImportExpression" ? nodesOf(node["source"]) : [];
      if (source?.type === "TemplateLiteral" && nodesOf(source["expressions"]).length > 0) found ??= source;
    });
  }
  return found === undefined ? undefined : { loc: placeAt(text, found.start), message: COMPUTED_IMPORT };
}

function placeAt(text: string, offset: number) {
  const before = text.slice(0, offset).split("\n");
  return { line: before.length, column: before.at(-1)?.length ?? 0 };
}

/** The text of a module, changed so that it keeps its own location when it becomes part of another file. */
export function withOwnPlace(path: string, text: string): string {
  if (!/\bimport\.meta\b|\b__(?:dirname|filename)\b/.test(text)) return text;
  const place = { url: pathToFileURL(path).href, dirname: dirname(path), filename: path };
  const statements = parse(path, text);
  const declared = new Set(statements.flatMap(namesDeclared));
  const given: [string, unknown][] = [
    [META, place],
    ["__dirname", place.dirname],
    ["__filename", place.filename],
  ];
  const constants = given
    .filter(([name]) => name === META || (!declared.has(name) && text.includes(name)))
    .map(([name, value]) => `const ${name} = ${JSON.stringify(value)};`);
  const metas: SyntaxNode[] = [];
  for (const statement of statements)
    walk(statement, (node) => void (node.type === "MetaProperty" && metas.push(node)));
  const isImport = ({ start, end }: SyntaxNode) => text.slice(start, end).startsWith("import");
  const edited = editText(
    text,
    metas.filter(isImport).map(({ start, end }) => ({ start, end, text: META })),
  );
  // On the first line, so that line numbers stay the same.
  return `${constants.join(" ")} ${edited}`;
}

// A text that does not parse is left to the compiler, which reports it better.
function parse(path: string, text: string): readonly SyntaxNode[] {
  try {
    return parseStatements(path, text);
  } catch {
    return [];
  }
}
