import { commandLineErrors } from "./error-codes/command-line-errors.ts";
import { databaseErrors } from "./error-codes/database-errors.ts";
import { documentErrors } from "./error-codes/document-errors.ts";
import { llmErrors } from "./error-codes/llm-errors.ts";
import { modelErrors } from "./error-codes/model-errors.ts";
import { projectErrors } from "./error-codes/project-errors.ts";
import { rowErrors, runErrors, testErrors } from "./error-codes/run-errors.ts";
import { selectingErrors } from "./error-codes/selecting-errors.ts";

/** All codes, by subject. `docs/errors.md` is made of them: `npm run references`. */
export const errorSections = [
  projectErrors,
  modelErrors,
  selectingErrors,
  runErrors,
  rowErrors,
  testErrors,
  documentErrors,
  databaseErrors,
  llmErrors,
  commandLineErrors,
] as const;

type Codes<Section> = Section extends { readonly codes: infer Known } ? keyof Known : never;

/** Every code of an error that Millrace raises itself. */
export type ErrorCode = Codes<(typeof errorSections)[number]>;

/** Whether `docs/errors.md` explains a code; the code of a `RowError` is its author's own. */
export function isErrorCode(code: string): code is ErrorCode {
  return errorSections.some(({ codes }) => Object.hasOwn(codes, code));
}

/** Where in `docs/errors.md` a code is. */
export const errorAnchor = (code: string): string => code.toLowerCase();
