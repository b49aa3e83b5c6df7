import type { SQLWrapper } from "drizzle-orm";
import { z } from "zod";

/** Makes the query of a document filter from the value that a run is given: one column, the ids of documents. */
export type DocumentFilterQuery = (value: string) => SQLWrapper;

/** A document filter with what `--help` says of it. */
export interface DocumentFilterDeclaration {
  /** The query: one column, the ids of the documents that pass. Values in the template become parameters. */
  readonly select: DocumentFilterQuery;
  /** What `--help` says of the option. */
  readonly description?: string | undefined;
  /** What the value is, for `--help`: `name`, `type:name`. */
  readonly valueHint?: string | undefined;
}

// A mere function is a filter without a description.
const declaration = z.preprocess(
  (given) => (typeof given === "function" ? { select: given } : given),
  z.strictObject(
    {
      select: z.custom<DocumentFilterQuery>((value) => typeof value === "function", "expected a function"),
      description: z.string().min(1).optional(),
      valueHint: z.string().min(1).optional(),
    },
    {
      error: ({ code }) =>
        code === "invalid_type" ? "expected a function, or { select, description, valueHint }" : undefined,
    },
  ),
) as z.ZodType<DocumentFilterDeclaration, DocumentFilterQuery | DocumentFilterDeclaration>;

/** `with-entity`: an option, and a name that no filter of Millrace's own in `filters` has. */
const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)+$/;

export const documentFiltersSchema = z.record(
  z.string().regex(NAME, 'expected at least two lower-case words joined by "-", as in with-entity'),
  declaration,
);

/** The filters that a project declares, by name. */
export type DeclaredDocumentFilters = Readonly<Record<string, DocumentFilterDeclaration>>;
