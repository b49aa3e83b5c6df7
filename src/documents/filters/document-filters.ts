import { type Issue, UsageError } from "../../core/errors.ts";
import { sha256 } from "../../core/hash.ts";
import { didYouMean } from "../../core/text.ts";
import type { Database } from "../../database/connect.ts";
import type { DocumentFilters } from "../../model/context.ts";
import type { DeclaredDocumentFilters } from "../../model/document-filter.ts";
import { CONTENT_TYPES, DOCUMENT_STATUSES } from "../record/document-record.ts";
import { resolveDeclaredFilters } from "./declared-filters.ts";
import { documentMatcher } from "./match-pattern.ts";
import { resolveIdentifiers } from "./resolve-identifiers.ts";

export interface ResolveFiltersOptions {
  readonly database: Database;
  /** The project folder, which paths are relative to. */
  readonly directory: string;
  readonly filters: DocumentFilters;
  /** The filters that the project declares, in addition to those of every project. */
  readonly declared: DeclaredDocumentFilters;
  /** At most this many of the documents that pass: always the same ones, whatever their order. */
  readonly sample?: number | undefined;
  /** The user's working directory; paths may also be relative to it. */
  readonly workingDirectory?: string | undefined;
}

/**
 * The ids of the documents that pass every filter, sorted; an empty list when none does.
 * Undefined means that no filter was given, which is not the same.
 */
export async function resolveDocumentFilters(options: ResolveFiltersOptions): Promise<readonly string[] | undefined> {
  const { database, declared, filters, sample } = options;
  if (sample === undefined && Object.values(filters).every((value) => value === undefined)) return undefined;
  checkFilters(filters);
  const asked =
    filters.ids === undefined ? undefined : await resolveIdentifiers({ ...options, identifiers: filters.ids });
  const values = declaredValues(filters);
  const inDeclared = await resolveDeclaredFilters({ database, declared, values });
  const rows = await database.query<{ id: string; path: string | null; sourceUrl: string }>(
    `select id, path, source_url as "sourceUrl" from ${database.documents}
     where ($1::text[] is null or id = any($1)) and ($2::text is null or status = $2) and ($3::text is null or content_type = $3)
       and ($4::text[] is null or id = any($4))
     order by path collate "C" nulls last, id collate "C"`,
    [asked ?? null, filters.withStatus ?? null, filters.withContentType ?? null, inDeclared ?? null],
  );
  const included = filters.includePattern === undefined ? undefined : documentMatcher(filters.includePattern);
  const excluded = filters.excludePattern === undefined ? undefined : documentMatcher(filters.excludePattern);
  const passing = rows.filter((row) => included?.(row) !== false && excluded?.(row) !== true);
  const ids = passing.slice(0, filters.limit).map(({ id }) => id);
  const chosen = sample === undefined ? ids : ids.toSorted(byDigest).slice(0, sample);
  return chosen.toSorted();
}

// Ids say nothing about order or kind of documents, but a digest costs nothing and is spread evenly.
const byDigest = (a: string, b: string) => (sha256(a) < sha256(b) ? -1 : 1);

const OWN_FILTERS = [
  "ids",
  "includePattern",
  "excludePattern",
  "withStatus",
  "withContentType",
  "limit",
] as const satisfies readonly (keyof DocumentFilters)[];

/** What is given for filters that only a project can know. */
function declaredValues(filters: DocumentFilters): Readonly<Record<string, string>> {
  const own: readonly string[] = OWN_FILTERS;
  return Object.fromEntries(
    Object.entries(filters).filter(
      (entry): entry is [string, string] => !own.includes(entry[0]) && entry[1] !== undefined,
    ),
  );
}

function checkFilters(filters: DocumentFilters): void {
  const issues: Issue[] = [];
  const check = (path: string, problem: string | undefined) => {
    if (problem !== undefined) issues.push({ code: "FILTER_INVALID", path, message: problem });
  };
  check("includePattern", patternProblem(filters.includePattern, "Use excludePattern for what to leave out."));
  check("excludePattern", patternProblem(filters.excludePattern, "Use includePattern for what to keep."));
  check("withStatus", choiceProblem(filters.withStatus, DOCUMENT_STATUSES));
  check("withContentType", choiceProblem(filters.withContentType, CONTENT_TYPES));
  const { limit } = filters;
  const isLimit = limit === undefined || (Number.isSafeInteger(limit) && limit > 0);
  check("limit", isLimit ? undefined : `must be a positive integer, not ${String(limit)}.`);
  if (issues.length === 0) return;
  const lines = issues.map(({ path, message }) => `  ${path}: ${message}`);
  throw new UsageError("FILTER_INVALID", ["Invalid document filters:", ...lines].join("\n"), {
    details: { issues },
  });
}

function patternProblem(pattern: string | undefined, instead: string): string | undefined {
  if (pattern === undefined) return undefined;
  if (pattern.trim() === "") return "the pattern is empty.";
  return pattern.startsWith("!") ? `a pattern cannot begin with "!". ${instead}` : undefined;
}

function choiceProblem(value: string | undefined, choices: readonly string[]): string | undefined {
  if (value === undefined || choices.includes(value)) return undefined;
  return `"${value}" is not one of ${choices.join(", ")}.${didYouMean(value, choices)}`;
}
