import { renderErrorReference } from "./error-reference.ts";

/** Pages that are made of the code, by their path in the repository. */
export const referencePages: Readonly<Record<string, () => string>> = {
  "docs/errors.md": renderErrorReference,
};
