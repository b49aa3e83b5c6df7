import { type DatabaseClient, quoteName } from "../../database/connect.ts";
import { conditionsSql } from "../../sources/conditions.ts";
import { Parameters } from "../../database/sql-text.ts";
import { sameUnitSql } from "../units/fetch-query.ts";
import { rowDigestSql, rowsDigestSql } from "../../sources/row-digest.ts";
import type { UnitPlan } from "../units/unit-plan.ts";
import { WORK } from "../units/unit-work.ts";
import { UNIT_ROWS } from "../query/sql-template.ts";

const ROWS = "pg_temp.millrace_unit_rows";

/**
 * Copies the rows of a run's units to where the model's query reads them, until the transaction ends. What the ledger
 * records of the units is computed from this copy, so from the very rows that the query sees.
 */
export async function copyUnitRows(client: DatabaseClient, plan: UnitPlan): Promise<void> {
  const { source } = plan;
  const parameters = new Parameters();
  const names = unitColumns(plan).map(({ name }) => quoteName(name));
  await client.query(
    `create temp table ${ROWS.replace("pg_temp.", "")} on commit drop as
     select w.source_key as millrace_unit, ${names.map((name) => `s.${name}`).join(", ")}
     from ${WORK} w join ${source.relation} s on ${sameUnitSql(plan)}
     where w.reason <> 'deleted' and ${conditionsSql(source.definition, "s", parameters)}`,
    parameters.values,
  );
  await client.query(`create temp view ${UNIT_ROWS} as select ${names.join(", ")} from ${ROWS}; analyze ${ROWS}`);
}

/** Leaves out units that have disappeared since they were found; the next run deletes them. Returns how many are left. */
export async function keepUnitsWithRows(client: DatabaseClient): Promise<number> {
  await client.query(
    `delete from ${WORK} w where reason <> 'deleted' and not exists (select from ${ROWS} r where r.millrace_unit = w.source_key)`,
  );
  const { rows } = await client.query<{ units: number }>(
    `select count(*)::int as units from ${WORK} where reason <> 'deleted'`,
  );
  return rows[0]?.units ?? 0;
}

/** SQL of a relation that has each unit and the digest of its rows, as `createWorkSql` computes it. */
export function unitDigestsSql({ source, isGroup }: UnitPlan): string {
  const digest = rowDigestSql(source.columns, "r");
  return isGroup
    ? `(select r.millrace_unit, ${rowsDigestSql(digest)} as input_hash from ${ROWS} r group by r.millrace_unit)`
    : `(select r.millrace_unit, ${digest} as input_hash from ${ROWS} r)`;
}

/** The columns of a unit's rows in a query: those that the model reads, and the unit's key. */
export function unitColumns({ keys, source }: Pick<UnitPlan, "keys" | "source">): UnitPlan["keys"] {
  return [...new Map([...keys, ...source.columns].map((column) => [column.name, column])).values()];
}
