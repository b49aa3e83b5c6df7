import type { ErrorCode } from "../core/error-codes.ts";
import type { Issue } from "../core/errors.ts";
import { didYouMean } from "../core/text.ts";
import type { AnyModel, SourceSpec } from "../model/any-model.ts";
import type { ModelRegistry } from "../model/registry.ts";
import { dataColumns, describeTable, hasColumns, type TableShape } from "../table/table-shape.ts";
import { checkQuery } from "./check-query.ts";
import type { ResolvedSource, ResolvedModel, Report } from "./resolved-model.ts";

/** Looks up what a model reads and checks the declaration; every problem goes to `issues`. */
export function resolveModel(model: AnyModel, registry: ModelRegistry, issues: Issue[]): ResolvedModel {
  const report = (code: ErrorCode, message: string) =>
    issues.push({ code, path: model.name, file: registry.fileOf(model.name), message });
  const shape = describeTable(model.table);
  const sources = Object.entries(model.sources).flatMap(([name, spec]) => {
    const source = resolveSource(name, spec, registry, report);
    return source === undefined ? [] : [source];
  });
  checkDeclaration(model, shape, sources, report);
  checkMatches(model, sources, report);
  const upstreams = sources.flatMap(({ origin }) => (origin.type === "model" ? [origin.model.name] : []));
  return { model, shape, sources, upstreams: [...new Set(upstreams)].toSorted(), ancestors: [] };
}

/** Names of the models that a model reads; problems are not checked. */
export function modelsReadBy(model: AnyModel, registry: ModelRegistry): readonly string[] {
  return Object.values(model.sources).flatMap(({ target }) => {
    if (target.type === "documents") return [];
    if (target.type === "model") return registry.find(target.model.name)?.name ?? [];
    return (registry.find(target.name) ?? registry.findByTable(target.name))?.name ?? [];
  });
}

function resolveSource(
  name: string,
  spec: SourceSpec,
  registry: ModelRegistry,
  report: Report,
): ResolvedSource | undefined {
  const { target } = spec;
  if (target.type === "documents") return { name, spec, origin: { type: "documents", content: target.content } };
  if (target.type === "model") {
    if (registry.find(target.model.name) !== target.model) {
      report(
        "MISSING_UPSTREAM",
        `source "${name}" reads model "${target.model.name}", which is not in this project. Export it from a file of the models folder.`,
      );
    }
    return fromModel(name, spec, target.model, false, report);
  }
  const byName = registry.find(target.name);
  if (byName !== undefined) return fromModel(name, spec, byName, false, report);
  const byTable = registry.findByTable(target.name);
  if (byTable !== undefined) return fromModel(name, spec, byTable, true, report);
  const problem = missingModel(target.name, registry);
  if (problem === undefined) return { name, spec, origin: { type: "table", table: target.name } };
  report("MISSING_UPSTREAM", `source "${name}" ${problem}`);
  return undefined;
}

/** What is wrong with a name that no model has; with a dot it may be an external table with its schema. */
export function missingModel(name: string, registry: ModelRegistry): string | undefined {
  const [space, ...rest] = name.split(".");
  if (rest.length === 0) return undefined;
  const names = registry.list().map((known) => known.name);
  const near = didYouMean(name, names);
  if (rest.length === 1 && near === "" && !names.some((known) => known.startsWith(`${space}.`))) return undefined;
  return `reads model "${name}", which is not in this project.${near}`;
}

function fromModel(
  name: string,
  spec: SourceSpec,
  model: AnyModel,
  isUntyped: boolean,
  report: Report,
): ResolvedSource {
  const shape = describeTable(model.table);
  // The columns of such a view are known only once it exists.
  if (!hasColumns(shape)) return { name, spec, origin: { type: "model", model, shape, isUntyped: true } };
  const known = shape.columns.map((column) => (isUntyped ? column.name : column.key));
  const where = typeof spec.where === "object" ? Object.keys(spec.where) : [];
  for (const column of [...(spec.columns ?? []), ...where, ...Object.keys(spec.match ?? {})]) {
    if (known.includes(column)) continue;
    report(
      "COLUMN_NOT_FOUND",
      `source "${name}" names column "${column}", which table "${shape.name}" of ${model.name} does not have.${didYouMean(column, known)}`,
    );
  }
  return { name, spec, origin: { type: "model", model, shape, isUntyped } };
}

function checkDeclaration(
  model: AnyModel,
  shape: TableShape,
  sources: readonly ResolvedSource[],
  report: Report,
): void {
  const each = sources.find((source) => source.name === model.forEach);
  if (model.forEach !== undefined && !(model.forEach in model.sources)) {
    report(
      "SOURCE_NOT_FOUND",
      `\`forEach\` names "${model.forEach}", which is not one of the model's sources.${didYouMean(model.forEach, Object.keys(model.sources))}`,
    );
  }
  if (model.by !== undefined && model.forEach === undefined)
    report("BY_WITHOUT_FOR_EACH", "`by` groups the rows of a source: name that source in `forEach`.");
  if (model.writeStrategy === "merge" && shape.primaryKey.length === 0) {
    report(
      "PRIMARY_KEY_MISSING",
      `table "${shape.name}" has no primary key, so "merge" cannot tell which rows are the same.`,
    );
  }
  if (each?.origin.type === "model") {
    const { origin } = each;
    if (model.by === undefined && origin.shape.primaryKey.length === 0) {
      report(
        "PRIMARY_KEY_MISSING",
        hasColumns(origin.shape)
          ? `table "${origin.shape.name}" has no primary key, so Millrace cannot identify its rows. Give it one, or group with \`by\`.`
          : `view "${origin.shape.name}" has no declared table, so Millrace cannot identify its rows. Declare its \`table\` with a primary key, or group with \`by\`.`,
      );
    }
    const keys = dataColumns(origin.shape).map((column) => (origin.isUntyped ? column.name : column.key));
    for (const key of model.by ?? []) {
      if (hasColumns(origin.shape) && !keys.includes(key))
        report(
          "COLUMN_NOT_FOUND",
          `\`by\` names column "${key}", which table "${origin.shape.name}" does not have.${didYouMean(key, keys)}`,
        );
    }
  }
  if (model.form === "sql") return checkQuery(model, shape, sources, report);
  for (const { name, spec } of sources) {
    if (spec.match !== undefined && (model.form === "table" || name === model.forEach)) {
      report(
        "MATCH_WITHOUT_UNIT",
        `source "${name}" has \`match\`, which pairs another source with the current unit; this one has no unit to match.`,
      );
    }
    if (model.form === "table" && model.writeStrategy === "replace" && hasScope(spec)) {
      report(
        "SCOPED_REPLACE",
        `source "${name}" has a function in \`where\`, so the model reads a part and would replace the whole table. Use \`forEach\` (and \`by\`), "merge" or "append".`,
      );
    }
  }
}

// A column that rows are matched by must be the same for all rows of a unit.
function checkMatches(model: AnyModel, sources: readonly ResolvedSource[], report: Report): void {
  const each = sources.find(({ name }) => name === model.forEach);
  if (each === undefined) return;
  const known = model.by ?? columnsOf(each);
  if (known === undefined) return;
  for (const { name, spec } of sources) {
    for (const column of Object.values(spec.match ?? {})) {
      if (known.includes(column)) continue;
      report(
        "MATCH_COLUMN",
        `source "${name}" is matched by column "${column}", which ${model.by === undefined ? `source "${each.name}" does not have` : "is not one of `by`"}.${didYouMean(column, known)}`,
      );
    }
  }
}

// Nothing is known about an external table, or a view, before it is read.
function columnsOf({ origin }: ResolvedSource): readonly string[] | undefined {
  if (origin.type !== "model" || !hasColumns(origin.shape)) return undefined;
  return origin.shape.columns.map((column) => (origin.isUntyped ? column.name : column.key));
}

/** True when a `where` depends on the run, so that the source shows a part of what defines the model. */
function hasScope(spec: SourceSpec): boolean {
  if (typeof spec.where === "function") return true;
  return Object.values(spec.where ?? {}).some((value) => typeof value === "function");
}
