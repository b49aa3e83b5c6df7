/** What is wrong with one value; the row encoder adds table and column. Never holds the value itself. */
export class ValueProblem extends Error {
  readonly hint: string | undefined;

  constructor(reason: string, hint?: string) {
    super(reason);
    this.hint = hint;
  }
}
