import { MillraceError } from "../../core/errors.ts";
import type { ResolvedModel } from "../../graph/resolved-model.ts";
import { ownKeyColumn } from "../../graph/unit-key-columns.ts";
import type { ColumnShape } from "../../table/table-shape.ts";
import { sourceKeySql } from "../../sources/unit-key.ts";
import { columnRef } from "../../database/sql-text.ts";
import type { UnitPlan } from "../units/unit-plan.ts";
import { keyName } from "../units/unit-query.ts";
import { WORK } from "../units/unit-work.ts";

/** The columns of a model's table that say which unit a row of its query belongs to. */
export function ownKeys({ shape, sources }: ResolvedModel, { keys, source }: UnitPlan): readonly ColumnShape[] {
  const isDocuments = sources.some(({ name, origin }) => name === source.name && origin.type === "documents");
  // The plan has checked that they exist.
  return keys.flatMap((key) => ownKeyColumn(shape, key, { isDocuments }) ?? []);
}

/** SQL that joins the rows of `query` with their `unit`; rows of units that were not asked for have none. */
export function joinUnitSql(keys: readonly ColumnShape[], { isGroup }: UnitPlan): string {
  // Keys of one group may be spelled differently, and its name is one spelling: use the columns' own equality.
  const text = (column: string) => `coalesce(${column}::text, '[null]')`;
  const isSame = isGroup
    ? keys.map((key, index) => `${text(`unit.${keyName(index)}`)} = ${text(columnRef("query", key))}`).join(" and ")
    : `unit.source_key = ${sourceKeySql(keys, "query")}`;
  return `left join ${WORK} unit on ${isSame} and unit.reason <> 'deleted'`;
}

export function foreignUnit(
  model: string,
  { plan, keys, unit }: { readonly plan: UnitPlan; readonly keys: readonly ColumnShape[]; readonly unit: string },
): MillraceError {
  const columns = keys.map(({ key }) => `"${key}"`).join(", ");
  return new MillraceError(
    "FOREIGN_UNIT",
    `The query of model "${model}" returns a row for unit "${unit}", which is not one of those it was run for.`,
    {
      hint: `Start from \${${plan.source.name}}, which has the rows of these units, and return ${columns} unchanged.`,
      details: { model, unit },
    },
  );
}
