import { type DatabaseClient, quoteName } from "../../database/connect.ts";
import { Parameters } from "../../database/sql-text.ts";
import type { KeyConflict } from "./duplicate-key-error.ts";
import type { Stage } from "./stage.ts";
import type { TableShape } from "../table-shape.ts";
import { writtenColumns } from "../encode/written-columns.ts";

/** True when rows find each other by primary key; keys the database makes up say nothing about which row is which. */
export function hasWrittenKey(shape: TableShape): boolean {
  const written = new Set(writtenColumns(shape).map((column) => column.name));
  return shape.primaryKey.length > 0 && shape.primaryKey.every((name) => written.has(name));
}

/** SQL that is true when `left` and `right` are rows with one key. */
export function sameKey(shape: TableShape, left: string, right: string): string {
  return shape.primaryKey.map((name) => `${left}.${quoteName(name)} = ${right}.${quoteName(name)}`).join(" and ");
}

/** Keys that are in the stage more than once. */
export async function findRepeatedKeys(
  client: DatabaseClient,
  { shape, stage, most }: { shape: TableShape; stage: Stage; most?: number },
): Promise<KeyConflict[]> {
  const key = shape.primaryKey.map((name) => `s.${quoteName(name)}`);
  const { rows } = await client.query<KeyConflict>(
    `select ${keyObject(shape)} as key, array_agg(distinct ${stage.unit}) as units from ${stage.name} s
     where ${key.map((column) => `${column} is not null`).join(" and ")}
     group by ${key.join(", ")} having count(*) > 1 ${most === undefined ? "" : `limit ${most}`}`,
  );
  return rows;
}

/** Staged keys whose row in the table does not meet `isOwn`, which gives SQL about the row `t`. */
export async function findTakenKeys(
  client: DatabaseClient,
  options: { shape: TableShape; stage: Stage; isOwn: (parameters: Parameters) => string; most?: number },
): Promise<KeyConflict[]> {
  const { shape, stage, isOwn, most } = options;
  const parameters = new Parameters();
  // Inside a case the planner cannot take the condition for one that hardly a row meets, and join the wrong way round.
  const { rows } = await client.query<KeyConflict>(
    `select ${keyObject(shape)} as key, array[${stage.unit}, t.source_key] as units
     from ${stage.name} s join ${quoteName(shape.name)} t on ${sameKey(shape, "t", "s")}
     where case when ${isOwn(parameters)} then false else true end ${most === undefined ? "" : `limit ${most}`}`,
    parameters.values,
  );
  return rows;
}

function keyObject(shape: TableShape): string {
  const members = shape.primaryKey.map((name) => {
    const key = shape.columns.find((column) => column.name === name)?.key ?? name;
    return `'${key.replaceAll("'", "''")}', s.${quoteName(name)}`;
  });
  return `jsonb_build_object(${members.join(", ")})`;
}
