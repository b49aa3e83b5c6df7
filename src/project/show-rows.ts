import { MillraceError, UsageError } from "../core/errors.ts";
import { didYouMean } from "../core/text.ts";
import { type Database, quoteName } from "../database/connect.ts";
import { Parameters } from "../database/sql-text.ts";
import type { AnyModel } from "../model/any-model.ts";
import { ifReadable } from "../trace/find-row.ts";
import { findTable } from "../table/schema/existing-tables.ts";
import { dataColumns, describeTable, hasColumns } from "../table/table-shape.ts";

export interface ShowOptions {
  /** `column=value`, read as a value of the column's type; both spellings of a column's name are understood. */
  readonly where?: readonly string[];
  /** Names of columns, in either spelling; all that the model writes unless given. */
  readonly columns?: readonly string[] | undefined;
  readonly limit?: number;
}

export interface ShownRows {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
  /** Rows that match, shown or not. */
  readonly total: number;
}

/** Reads rows of a model's table for a person: its data columns, in the order of the primary key. */
export async function showRows(database: Database, model: AnyModel, options: ShowOptions): Promise<ShownRows> {
  const shape = describeTable(model.table);
  const found = await findTable(database, shape.name);
  if (found === undefined) {
    throw new MillraceError("TABLE_NOT_FOUND", `Table "${shape.name}" of model "${model.name}" does not exist yet.`, {
      hint: `Run the model first: \`millrace run ${model.name}\`.`,
    });
  }
  const known = hasColumns(shape) ? shape.columns : found.columns.map(({ name }) => ({ key: name, name }));
  const find = (name: string, given: string) => {
    const column = known.find((each) => each.key === name || each.name === name);
    if (column !== undefined) return column;
    const names = known.map((each) => each.name);
    const problem = `${given}: table "${shape.name}" has no column "${name}".${didYouMean(name, names)}`;
    throw new UsageError("COLUMN_NOT_FOUND", problem, { hint: `It has ${names.join(", ")}.` });
  };
  const columns =
    options.columns?.map((name) => find(name, `--columns ${name}`)) ?? (hasColumns(shape) ? dataColumns(shape) : known);
  const parameters = new Parameters();
  const conditions = (options.where ?? []).map(async (condition) => {
    const [, name, value] = /^([^=]+)=(.*)$/s.exec(condition) ?? [];
    if (name === undefined) {
      throw new UsageError("CONDITION_INVALID", `--where ${condition}: expected column=value.`, {
        hint: "Write column=value.",
      });
    }
    const column = find(name, `--where ${condition}`);
    const type = found.columns.find((each) => each.name === column.name)?.sqlType ?? "text";
    const text = await readAs(database, { type, value, given: `--where ${condition}` });
    // JSON has no equality but that of its text.
    return `${quoteName(column.name)}::text = ${parameters.add(text)}`;
  });
  const where = conditions.length === 0 ? "" : `where ${(await Promise.all(conditions)).join(" and ")}`;
  const order = shape.primaryKey.length === 0 ? "" : `order by ${shape.primaryKey.map(quoteName).join(", ")}`;
  const selected = columns.map((column) => quoteName(column.name)).join(", ");
  const [counted] = await database.query<{ total: string }>(
    `select count(*) as total from ${quoteName(shape.name)} ${where}`,
    parameters.values,
  );
  const rows = await database.query(
    `select ${selected} from ${quoteName(shape.name)} ${where} ${order} limit ${parameters.add(options.limit ?? 10)}`,
    parameters.values,
  );
  return {
    columns: columns.map((column) => column.name),
    rows: rows.map((row) => columns.map((column) => row[column.name])),
    total: Number(counted?.total ?? 0),
  };
}

/** A value as the database writes it for this type; an error where it is invalid. `type` is from the catalog. */
async function readAs(
  database: Database,
  { type, value, given }: { readonly type: string; readonly value: string | undefined; readonly given: string },
): Promise<string> {
  const read = await ifReadable(database.query<{ text: string }>(`select ($1::${type})::text as text`, [value]));
  if (read !== undefined) return read[0]?.text ?? "";
  throw new UsageError("CONDITION_INVALID", `${given}: "${value ?? ""}" is not a value of type ${type}.`, {
    hint: "Give a value of the column's type.",
  });
}
