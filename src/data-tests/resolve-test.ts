import { type SQL, sql } from "drizzle-orm";
import { type Issue, IssuesError } from "../core/errors.ts";
import { didYouMean } from "../core/text.ts";
import { missingModel } from "../graph/resolve-model.ts";
import type { ResolvedModel } from "../graph/resolved-model.ts";
import type { AnyDataTest, TestedTable, TestRelation, AnyModel } from "../model/any-model.ts";
import type { ModelRegistry } from "../model/registry.ts";
import { tableIdentifier } from "../table/table-identifier.ts";
import { describeTable, hasColumns, type TableShape } from "../table/table-shape.ts";

/** Another table of a test, looked up. */
export interface ReadTable extends TestRelation {
  /** The model that fills it, if one does. */
  readonly model: string | undefined;
}

/** A test whose names have been looked up. */
export interface ResolvedTest {
  readonly test: AnyDataTest;
  readonly model: AnyModel;
  readonly shape: TableShape;
  readonly column: (key: string) => SQL;
  readonly reads: ReadonlyMap<string, ReadTable>;
}

/** Looks up what the tests of these models name; all problems are reported together. */
export function resolveTests(models: Iterable<ResolvedModel>, registry: ModelRegistry): readonly ResolvedTest[] {
  const issues: Issue[] = [];
  const tests = [...models].flatMap(({ model, shape }) =>
    model.tests.map((test): ResolvedTest => {
      const file = registry.fileOf(model.name);
      const report = (message: string) => issues.push({ code: "TEST_INVALID", path: model.name, file, message });
      const column = columnsOf(shape, test.columns, (problem) => report(`test ${test.name} ${problem}`));
      const reads = Object.entries(test.reads).map(([name, { table, columns }]): [string, ReadTable] => [
        name,
        readTable(table, columns, registry, (problem) => report(`test ${test.name} ${problem}`)),
      ]);
      return { test, model, shape, column, reads: new Map(reads) };
    }),
  );
  if (issues.length === 0) return tests;
  throw new IssuesError("TEST_INVALID", "Tests refer to unknown tables or columns:", issues, {
    hint: "Fix the names in `tests` of these models.",
  });
}

type Report = (problem: string) => void;

function readTable(table: TestedTable, columns: readonly string[], registry: ModelRegistry, report: Report): ReadTable {
  const model = typeof table === "string" ? (registry.find(table) ?? registry.findByTable(table)) : table;
  if (typeof model === "object") {
    const shape = describeTable(model.table);
    return { model: model.name, table: sql.identifier(shape.name).getSQL(), column: columnsOf(shape, columns, report) };
  }
  const name = typeof table === "string" ? table : table.name;
  const problem = missingModel(name, registry);
  if (problem !== undefined) report(problem);
  return { model: undefined, table: tableIdentifier(name), column: (key) => sql.identifier(key).getSQL() };
}

/** Names in the database by keys; both are understood, and in a view without declared columns every name. */
function columnsOf(shape: TableShape, wanted: readonly string[], report: Report): TestRelation["column"] {
  const names = new Map(shape.columns.flatMap(({ key, name }) => [[name, name] as const, [key, name] as const]));
  for (const key of hasColumns(shape) ? wanted : []) {
    if (names.has(key)) continue;
    const near = didYouMean(
      key,
      shape.columns.map((column) => column.key),
    );
    report(`names column "${key}", which table "${shape.name}" does not have.${near}`);
  }
  return (key) => sql.identifier(names.get(key) ?? key).getSQL();
}
