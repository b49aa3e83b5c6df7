import type { AnyModel } from "../model/any-model.ts";
import { hasColumns, type TableShape } from "../table/table-shape.ts";
import type { Report, ResolvedSource } from "./resolved-model.ts";
import { type UnitKeyColumn, unitKeyProblem } from "./unit-key-columns.ts";

/** Checks what only the declaration of a SQL model can get wrong. */
export function checkQuery(
  model: AnyModel,
  shape: TableShape,
  sources: readonly ResolvedSource[],
  report: Report,
): void {
  const each = sources.find(({ name }) => name === model.forEach);
  if (model.materialized === "table" && !hasColumns(shape))
    report("TABLE_MISSING", "a query that becomes a table needs a declared `table`; only a view can do without.");
  if (model.materialized === "view" && model.forEach !== undefined)
    report("UNITS_OF_VIEW", 'a view stores no rows, so it has no units. Set `materialized: "table"`.');
  if (each !== undefined) checkUnitKey(model, shape, each, report);
  for (const { name, spec } of sources) {
    // The query does not decide what a unit is made of, or what counts as a change.
    const isSeen = { where: name === model.forEach, match: each !== undefined };
    for (const condition of ["where", "match"] as const) {
      if (spec[condition] === undefined || isSeen[condition]) continue;
      report(
        "CONDITION_IN_SQL",
        `source "${name}" has \`${condition}\`, which a query does not use. Write the condition in its SQL.`,
      );
    }
    if (spec.match !== undefined && name === model.forEach) {
      report(
        "MATCH_WITHOUT_UNIT",
        `source "${name}" has \`match\`, which pairs another source with the current unit; this one has no unit to match.`,
      );
    }
    if (spec.target.type === "documents" && spec.target.content) {
      report(
        "CONTENT_IN_SQL",
        `source "${name}" asks for the text of the documents, which may not be in the database. Remove \`content\`, or let a model with \`forEach\` write what the query needs to a table.`,
      );
    }
  }
}

const DOCUMENT_KEY: readonly UnitKeyColumn[] = [{ key: "id", name: "id", sqlType: "text" }];

// The columns of an external table are known only after a lookup; its key is checked then.
function checkUnitKey({ by }: AnyModel, shape: TableShape, { name, origin }: ResolvedSource, report: Report): void {
  if (origin.type === "table") return;
  const columns =
    origin.type === "documents"
      ? DOCUMENT_KEY
      : origin.shape.columns.map((column) => ({ ...column, key: origin.isUntyped ? column.name : column.key }));
  const primaryKey = origin.type === "documents" ? ["id"] : origin.shape.primaryKey;
  const keys = columns.filter((column) => by?.includes(column.key) ?? primaryKey.includes(column.name));
  const problem = unitKeyProblem(shape, keys, { name, isDocuments: origin.type === "documents" });
  if (problem !== undefined) report(problem.code, problem.message);
}
