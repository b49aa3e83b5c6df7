import type { SQLWrapper } from "drizzle-orm";
import { z } from "zod";

/** Makes the query of a document filter from the value given to a run: one column, the ids of documents. */
export type DocumentFilterQuery = (value: string) => SQLWrapper;

/** A document filter with its description for `--help`. */
export interface DocumentFilterDeclaration {
  /** The query: one column, the ids of the documents that pass. Values in the template become parameters. */
  readonly select: DocumentFilterQuery;
  /** Description of the option in `--help`. */
  readonly description?: string | undefined;
  /** What the value is, for `--help`: `name`, `type:name`. */
  readonly valueHint?: string | undefined;
}

// A plain function is a filter without a description.
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

/** Like `with-entity`: valid as an option, and not the name of a built-in member of `filters`. */
const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)+$/;

export const documentFiltersSchema = z.record(
  z.string().regex(NAME, 'expected at least two lower-case words joined by "-", as in with-entity'),
  declaration,
);

/** The filters that a project declares, by name. */
export type DeclaredDocumentFilters = Readonly<Record<string, DocumentFilterDeclaration>>;
