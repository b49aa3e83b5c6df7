import picomatch from "picomatch";

interface Located {
  readonly path: string | null;
  readonly sourceUrl: string;
}

/** A test for documents whose path or address a pattern describes; without a slash it describes the file name. */
export function documentMatcher(pattern: string): (document: Located) => boolean {
  const wanted = normal(pattern);
  const folder = wanted.replace(/\/+$/, "");
  const isMatch = picomatch(wanted, { dot: true, basename: !wanted.includes("/") });
  const matches = (name: string) => name === wanted || name.startsWith(`${folder}/`) || isMatch(name);
  return ({ path, sourceUrl }) => [path, sourceUrl].some((name) => name !== null && names(name).some(matches));
}

// "**" does not match "..", but "**/*.md" should also match files outside the project.
function names(name: string): string[] {
  const own = normal(name);
  return own.startsWith("../") ? [own, own.replace(/^(\.\.\/)+/, "")] : [own];
}

function normal(name: string): string {
  return name.normalize("NFC").replace(/^(\.\/)+/, "");
}
