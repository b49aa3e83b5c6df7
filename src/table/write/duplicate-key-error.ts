import { MillraceError } from "../../core/errors.ts";
import { plural, quoteList } from "../../core/text.ts";

/** A row that more than one unit claims, or one unit twice. */
export interface KeyConflict {
  /** Primary key of the row, by the table's TypeScript keys. */
  readonly key: Readonly<Record<string, unknown>>;
  /** Units that write the row, and the unit that wrote it before; one name when a unit writes it twice. */
  readonly units: readonly string[];
}

/** Rows that cannot be written because their primary key has another owner. Nothing has been written. */
export class DuplicateKeyError extends MillraceError {
  readonly conflicts: readonly KeyConflict[];

  constructor(table: string, conflicts: readonly KeyConflict[]) {
    const [first] = conflicts;
    const units = first?.units.filter((unit) => unit !== "") ?? [];
    const writers =
      units.length > 1
        ? `units ${quoteList(units)} all write`
        : units.length === 1
          ? `unit ${quoteList(units)} writes twice`
          : "the model writes twice";
    const others = conflicts.length > 1 ? ` The same is true of ${plural(conflicts.length - 1, "more row")}.` : "";
    super("DUPLICATE_KEY", `Table "${table}": ${writers} the row ${JSON.stringify(first?.key)}.${others}`, {
      hint: "Add what distinguishes the rows to the primary key, or write each row from one unit.",
      details: { table, conflicts: conflicts.slice(0, 20), total: conflicts.length },
    });
    this.conflicts = conflicts;
  }
}
