import { MillraceError } from "../core/errors.ts";
import { allDocuments, type ModelContext } from "../model/context.ts";
import type { WhereSpec } from "../model/any-model.ts";
import type { BoundColumn, Condition } from "./bound-source.ts";
import { columnRef, type Parameters } from "../database/sql-text.ts";

export interface Conditions {
  /** Given as values in the declaration: they define the model. */
  readonly definition: readonly Condition[];
  /** Come from functions of the context: they limit this run. */
  readonly scope: readonly Condition[];
}

/** Evaluates a `where`, each function once. */
export function readConditions(
  where: WhereSpec | undefined,
  context: ModelContext,
  find: (key: string) => BoundColumn,
): Conditions {
  const isFunction = typeof where === "function";
  const definition: Condition[] = [];
  const scope: Condition[] = [];
  for (const [key, given] of Object.entries((isFunction ? where(context) : where) ?? {})) {
    const column = find(key);
    const value: unknown = typeof given === "function" ? (given as (context: ModelContext) => unknown)(context) : given;
    if (value === allDocuments) continue;
    if (value === undefined) {
      throw new MillraceError("WHERE_UNDEFINED", `The condition on column "${key}" is undefined.`, {
        hint: "Give a value, a list or null. An empty list selects nothing; leave the column out to select everything.",
      });
    }
    (isFunction || typeof given === "function" ? scope : definition).push({ column, value });
  }
  return { definition, scope };
}

/** SQL that is true for the rows of `alias` that meet every condition. */
export function conditionsSql(conditions: readonly Condition[], alias: string, parameters: Parameters): string {
  const parts = conditions.map(({ column, value }) => {
    const name = columnRef(alias, column);
    if (value === null) return `${name} is null`;
    if (!Array.isArray(value)) return `${name} = ${parameters.add(column.encode(value))}`;
    const listed = value.filter((each) => each !== null).map(column.encode);
    const isOneOf = `${name} = any(${parameters.add(listed)})`;
    return listed.length < value.length ? `(${isOneOf} or ${name} is null)` : isOneOf;
  });
  return parts.length === 0 ? "true" : parts.join(" and ");
}
