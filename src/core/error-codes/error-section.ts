/** What docs/errors.md says about a code. */
export interface ErrorDescription {
  readonly meaning: string;
  /** What usually leads to it. */
  readonly cause: string;
  /** The next step. */
  readonly next: string;
  /** A message of this code. */
  readonly example: string;
}

/** Codes of one subject. Their names stay in the type, their texts do not. */
export interface ErrorSection<Code extends string> {
  readonly title: string;
  readonly codes: Readonly<Record<Code, ErrorDescription>>;
}

export function errorSection<Code extends string>(
  title: string,
  codes: Readonly<Record<Code, ErrorDescription>>,
): ErrorSection<Code> {
  return { title, codes };
}
