import { minifySync, parseSync } from "rolldown/utils";
import { nodesOf, type SyntaxNode } from "./syntax-tree.ts";

/** Code without what its author is free to choose: names, comments, blanks, the spelling of an expression. */
export function minifyCode(code: string): string {
  const { code: minified, errors } = minifySync("code.mjs", code, {
    module: true,
    compress: true,
    mangle: { toplevel: true },
    codegen: { removeWhitespace: true, legalComments: "none" },
  });
  if (errors[0] !== undefined) throw new SyntaxError(errors[0].message);
  return minified.trim();
}

/** A function as it prints itself, minified; it may be a method. */
export function minifyFunction(text: string): string {
  try {
    return minifyCode(`export const run = ({ ${text} });`);
  } catch {
    return minifyCode(`export const run = (${text});`);
  }
}

/** The top-level statements of a module; its file name says which language it is in. */
export function parseStatements(name: string, text: string): readonly SyntaxNode[] {
  const { program, errors } = parseSync(name, text);
  if (errors[0] !== undefined) throw new SyntaxError(errors[0].message);
  return nodesOf(program.body);
}
