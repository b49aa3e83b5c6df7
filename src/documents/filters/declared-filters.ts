import { PgDialect } from "drizzle-orm/pg-core";
import { CodedError, MillraceError, UsageError } from "../../core/errors.ts";
import { didYouMean, quoteList } from "../../core/text.ts";
import type { Database } from "../../database/connect.ts";
import { describeServerError } from "../../database/sql-error.ts";
import type { DeclaredDocumentFilters, DocumentFilterQuery } from "../../model/document-filter.ts";

const dialect = new PgDialect();

export interface DeclaredFiltersOptions {
  readonly database: Database;
  readonly declared: DeclaredDocumentFilters;
  /** Values by the filter's name. */
  readonly values: Readonly<Record<string, string>>;
}

/** Ids of the documents that every given filter of the project lets pass; undefined when none is given. */
export async function resolveDeclaredFilters(options: DeclaredFiltersOptions): Promise<readonly string[] | undefined> {
  const { database, declared, values } = options;
  let passing: ReadonlySet<string> | undefined;
  for (const [name, value] of Object.entries(values)) {
    const filter = Object.hasOwn(declared, name) ? declared[name] : undefined;
    if (filter === undefined) throw unknownFilter(name, Object.keys(declared));
    const found = await selectDocuments(database, { name, value, select: filter.select });
    passing = new Set(passing === undefined ? found : found.filter((id) => passing?.has(id)));
  }
  return passing === undefined ? undefined : [...passing];
}

interface GivenFilter {
  readonly name: string;
  readonly value: string;
  readonly select: DocumentFilterQuery;
}

async function selectDocuments(database: Database, filter: GivenFilter): Promise<readonly string[]> {
  const { sql, params } = renderQuery(filter);
  try {
    const rows = await database.query<{ id: string }>(
      `select id from ${database.documents} where id in (\n${sql.replace(/[\s;]+$/, "")}\n)`,
      params,
    );
    return rows.map(({ id }) => id);
  } catch (error) {
    const reason = describeServerError(error);
    throw reason === undefined ? error : failed(filter, `${reason}.`, error);
  }
}

function renderQuery(filter: GivenFilter) {
  try {
    const query: unknown = filter.select(filter.value);
    if (!isQuery(query)) throw new TypeError("it returns no SQL.");
    return dialect.sqlToQuery(query.getSQL());
  } catch (error) {
    if (error instanceof CodedError) throw error;
    throw failed(filter, error instanceof Error ? error.message : String(error), error);
  }
}

function isQuery(value: unknown): value is ReturnType<DocumentFilterQuery> {
  return typeof value === "object" && value !== null && "getSQL" in value && typeof value.getSQL === "function";
}

function failed({ name }: GivenFilter, reason: string, cause: unknown): MillraceError {
  return new MillraceError("FILTER_FAILED", `Document filter "${name}": ${reason}`, {
    hint: `Run the models whose tables it reads, or correct \`documentFilters["${name}"]\` in millrace.config.ts: a query of one column, the ids of documents.`,
    details: { filter: name },
    cause,
  });
}

function unknownFilter(name: string, declared: readonly string[]): UsageError {
  return new UsageError("FILTER_UNKNOWN", `There is no document filter "${name}".${didYouMean(name, declared)}`, {
    hint:
      declared.length === 0
        ? "Declare it as `documentFilters` in millrace.config.ts."
        : `This project declares ${quoteList(declared)}.`,
    details: { filter: name },
  });
}
