import { MillraceError } from "../core/errors.ts";

/**
 * A time of Postgres that no Date can hold, such as infinity, in a column of Dates. Written again it stays what it is;
 * to be computed with, it has to be read as text.
 */
export class UnheldTime extends Date {
  readonly text: string;

  constructor(text: string) {
    super(Number.NaN);
    this.text = text;
  }

  override toString(): string {
    return this.text;
  }

  override toJSON(): string {
    return this.text;
  }

  override toISOString(): never {
    throw new MillraceError("TIME_NOT_A_DATE", `A column holds the time ${this.text}, which no Date can hold.`, {
      hint: 'Declare the column with `mode: "string"`, as in timestamp({ mode: "string" }), to read it as text.',
    });
  }
}
