/** True for texts with a wildcard: `*`, `?` or `[abc]`. */
export function hasWildcards(pattern: string): boolean {
  return /[*?[]/.test(pattern);
}

/** Compares whole texts; `*` is any text, `?` any character, `[abc]` and `[a-z]` one of these, `[!a]` any other. */
export function matchesWildcards(pattern: string, text: string): boolean {
  return toExpression(pattern).test(text);
}

const expressions = new Map<string, RegExp>();

function toExpression(pattern: string): RegExp {
  const known = expressions.get(pattern);
  if (known !== undefined) return known;
  const source = pattern.replace(/\[!?[^\]]+\]|[*?]|[\\^$.|+()[\]{}]/g, (part) => {
    if (part === "*") return ".*";
    if (part === "?") return ".";
    if (part.length === 1) return `\\${part}`;
    return part.replace(/^\[!/, "[^").replaceAll("\\", "\\\\");
  });
  const expression = new RegExp(`^${source}$`, "su");
  expressions.set(pattern, expression);
  return expression;
}
