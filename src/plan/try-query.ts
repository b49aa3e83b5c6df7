import type { ErrorJson } from "../core/errors.ts";
import type { AskedSignature } from "../llm/answers/ask.ts";
import { queryOn } from "../run/sql/query-columns.ts";
import { checkGiven } from "../run/sql/query-table.ts";
import { foreignUnit, joinUnitSql, ownKeys } from "../run/sql/row-units.ts";
import { inQueryTransaction } from "../run/sql/sql-model.ts";
import { renderSqlModel } from "../run/query/render-query.ts";
import { copyUnitRows } from "../run/sql/unit-rows.ts";
import type { PlanningJob } from "../run/units/plan-units.ts";
import { sourceKeySql } from "../sources/unit-key.ts";
import type { UnitPlan } from "../run/units/unit-plan.ts";
import { findWork, WORK } from "../run/units/unit-work.ts";
import { createRowDecoder } from "../table/read/decode-row.ts";
import type { ColumnShape } from "../table/table-shape.ts";

/** What a model made of one unit, without anything being written. */
export interface TriedUnit {
  readonly unit: string;
  readonly durationMs: number;
  /** Empty when the unit failed. */
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  readonly error: ErrorJson | undefined;
  /** What it asked language models. */
  readonly asked: readonly AskedSignature[];
}

/** Runs a model's query for a few units. All of them take the time that it takes. */
export async function tryQuery(
  job: PlanningJob & { readonly signal: AbortSignal },
  plan: UnitPlan,
): Promise<readonly TriedUnit[]> {
  const { database, resolved } = job;
  const { model, shape } = resolved;
  const query = renderSqlModel(resolved, database);
  const keys = ownKeys(resolved, plan);
  const started = performance.now();
  return inQueryTransaction(job, async (client) => {
    const { total } = await findWork(client, plan, database.systemSchema);
    if (total === 0) return [];
    await copyUnitRows(client, plan);
    const given = await checkGiven(client, job, query);
    const columns = shape.columns.filter(({ name }) => given.has(name));
    const statement = `select unit.source_key as millrace_unit, ${sourceKeySql(keys, "query")} as millrace_key, query.*
      from (\n${query.text}\n) as query ${joinUnitSql(keys, plan)}`;
    const { rows } = await queryOn(client, model.name, { statement, values: query.values, own: query.own });
    const foreign = rows.find((row) => row["millrace_unit"] === null);
    if (foreign !== undefined) throw foreignUnit(model.name, { plan, keys, unit: String(foreign["millrace_key"]) });
    const units = await client.query<{ unit: string }>(`select source_key as unit from ${WORK} order by ordinal`);
    await client.query(`drop table ${WORK}`);
    const durationMs = Math.round(performance.now() - started);
    return units.rows.map(({ unit }) => {
      const own = rows.filter((row) => row["millrace_unit"] === unit);
      return { unit, durationMs, rows: decodeRows(columns, own), error: undefined, asked: [] };
    });
  });
}

function decodeRows(columns: readonly ColumnShape[], rows: readonly Record<string, unknown>[]) {
  const decode = createRowDecoder(columns);
  return rows.map((row) =>
    decode(
      columns.map(({ name }) => row[name]),
      [],
    ),
  );
}
