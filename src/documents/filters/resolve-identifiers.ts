import nodePath from "node:path";
import { UsageError } from "../../core/errors.ts";
import { didYouMean, quoteList } from "../../core/text.ts";
import type { Database } from "../../database/connect.ts";
import { projectPath } from "../record/document-id.ts";

interface IdentifierOptions {
  readonly database: Database;
  readonly directory: string;
  readonly identifiers: readonly string[];
  readonly workingDirectory?: string | undefined;
}

interface Candidate {
  readonly id: string;
  readonly path: string | null;
  readonly sourceUrl: string;
}

interface Wanted {
  readonly text: string;
  /** Ways to read the text as an exact name: an address, or a path from the project or from where the user is. */
  readonly names: readonly string[];
  /** Lower-case hex that may be the beginning of an id. */
  readonly prefix: string | undefined;
  readonly suffix: string | undefined;
}

interface Problem {
  readonly code: "DOCUMENT_NOT_FOUND" | "DOCUMENT_AMBIGUOUS";
  readonly identifier: string;
  readonly message: string;
}

/** Ids of the documents that ids, id prefixes, addresses and paths name; everything wrong is reported at once. */
export async function resolveIdentifiers(options: IdentifierOptions): Promise<string[]> {
  if (options.identifiers.length === 0) return [];
  const wanted = options.identifiers.map((text) => interpret(text.trim(), options));
  const candidates = await loadCandidates(options.database, wanted);
  const index = indexCandidates(candidates);
  const resolved = wanted.map((item) => resolve(item, index));
  const problems = resolved.filter((result) => !Array.isArray(result)) as Problem[];
  if (problems.length > 0) throw await report(problems, options);
  return [...new Set(resolved.flat() as string[])];
}

function interpret(text: string, { directory, workingDirectory = process.cwd() }: IdentifierOptions): Wanted {
  if (/^https?:\/\//i.test(text)) {
    const names = URL.canParse(text) ? [text, new URL(text).href] : [text];
    return { text, names, prefix: undefined, suffix: undefined };
  }
  const own = text.normalize("NFC");
  const path = own.replaceAll("\\", "/");
  const from = (base: string) =>
    path === "" ? [] : [projectPath(directory, nodePath.resolve(base, path)).normalize("NFC")];
  const names = new Set([own, path, ...from(directory), ...from(workingDirectory)]);
  const suffix = path.replace(/^(\.{1,2}\/)+|^\//, "");
  return {
    text,
    names: [...names],
    prefix: /^[0-9a-f]{8,16}$/i.test(text) ? text.toLowerCase() : undefined,
    suffix: suffix === "" ? undefined : `/${suffix}`,
  };
}

// One query whatever the number of identifiers; it may find too much, never too little.
async function loadCandidates(database: Database, wanted: readonly Wanted[]): Promise<Candidate[]> {
  const escape = (text: string) => text.replace(/[\\%_]/g, String.raw`\$&`);
  const prefixes = wanted.flatMap(({ prefix }) => (prefix === undefined ? [] : [`${prefix}%`]));
  const suffixes = wanted.flatMap(({ suffix }) => (suffix === undefined ? [] : [`%${escape(suffix)}`]));
  return database.query<Candidate & Record<string, unknown>>(
    `select id, path, source_url as "sourceUrl" from ${database.documents}
     where source_url = any($1) or normalize(path, NFC) = any($1) or id like any($2) or normalize(path, NFC) like any($3)`,
    [wanted.flatMap(({ names }) => names), prefixes, suffixes],
  );
}

interface CandidateIndex {
  readonly candidates: readonly Candidate[];
  /** Path or address → ids. */
  readonly byName: ReadonlyMap<string, ReadonlySet<string>>;
}

function indexCandidates(candidates: readonly Candidate[]): CandidateIndex {
  const byName = new Map<string, Set<string>>();
  for (const { id, path, sourceUrl } of candidates) {
    for (const name of [path?.normalize("NFC"), sourceUrl]) {
      if (name === undefined) continue;
      byName.set(name, (byName.get(name) ?? new Set()).add(id));
    }
  }
  return { candidates, byName };
}

function resolve(wanted: Wanted, { candidates, byName }: CandidateIndex): string[] | Problem {
  // A file of records is named by its path; that means all of its documents.
  const exact = wanted.names.filter((name) => byName.has(name));
  const exactSets = new Set(exact.map((name) => [...(byName.get(name) ?? [])].toSorted().join(" ")));
  if (exactSets.size === 1) return [...(byName.get(exact[0] ?? "") ?? [])];
  if (exactSets.size > 1) return ambiguous(wanted, exact);
  const { prefix, suffix } = wanted;
  if (prefix !== undefined) {
    const found = candidates.filter(({ id }) => id.startsWith(prefix));
    if (found.length === 1) return found.map(({ id }) => id);
    if (found.length > 1)
      return ambiguous(
        wanted,
        found.map(({ id, path, sourceUrl }) => `${id} (${path ?? sourceUrl})`),
      );
  }
  if (suffix !== undefined) {
    const paths = [...byName.keys()]
      .filter((name) => name.endsWith(suffix))
      .filter((name) => candidates.some(({ path }) => path?.normalize("NFC") === name));
    if (paths.length === 1) return [...(byName.get(paths[0] ?? "") ?? [])];
    if (paths.length > 1) return ambiguous(wanted, paths);
  }
  return { code: "DOCUMENT_NOT_FOUND", identifier: wanted.text, message: `No document is named "${wanted.text}".` };
}

function ambiguous({ text }: Wanted, names: readonly string[]): Problem {
  return {
    code: "DOCUMENT_AMBIGUOUS",
    identifier: text,
    message: `"${text}" may be any of ${quoteList(names.toSorted())}.`,
  };
}

async function report(problems: readonly Problem[], { database }: IdentifierOptions): Promise<UsageError> {
  const isUnknown = problems.some(({ code }) => code === "DOCUMENT_NOT_FOUND");
  const rows = isUnknown
    ? await database.query<{ name: string }>(
        `select distinct coalesce(path, source_url) as name from ${database.documents} order by 1 limit 20000`,
      )
    : [];
  const names = rows.map(({ name }) => name);
  const lines = problems.map(({ code, identifier, message }) => {
    if (code === "DOCUMENT_AMBIGUOUS") return message;
    const isShortId = /^[0-9a-f]{1,7}$/i.test(identifier);
    return `${message}${isShortId ? " An id needs at least 8 of its characters." : suggestion(identifier, names)}`;
  });
  return new UsageError(isUnknown ? "DOCUMENT_NOT_FOUND" : "DOCUMENT_AMBIGUOUS", lines.join("\n"), {
    hint: "`documents ls` shows every document with its id.",
    details: { problems: problems.map(({ code, identifier }) => ({ code, identifier })) },
  });
}

// Someone who writes "instal.md" means "docs/install.md", so file names are compared as well.
function suggestion(identifier: string, names: readonly string[]): string {
  const whole = didYouMean(identifier, names);
  if (whole !== "") return whole;
  const base = nodePath.posix.basename(identifier);
  const near = names.find((name) => didYouMean(base, [nodePath.posix.basename(name)]) !== "");
  return near === undefined ? "" : ` Did you mean "${near}"?`;
}
