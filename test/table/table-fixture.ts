import { afterAll, beforeAll } from "vitest";
import { Database, type DatabaseClient, inTransaction } from "../../src/database/connect.ts";
import { createRowEncoder } from "../../src/table/encode/row-encoder.ts";
import { createTableSql, tableParts } from "../../src/table/schema/table-ddl.ts";
import { describeTable, type TableShape } from "../../src/table/table-shape.ts";
import { createEmptyDatabase, type TestDatabase } from "../support/test-database.ts";

/** A database of its own for the tests of one file. */
export function useDatabase(): () => Database {
  let own: TestDatabase | undefined;
  let database: Database | undefined;
  beforeAll(async () => {
    own = await createEmptyDatabase();
    database = new Database({ url: own.url });
    await database.query("create schema millrace");
  });
  afterAll(async () => {
    await database?.close();
    await own?.[Symbol.asyncDispose]();
  });
  return () => {
    if (database === undefined) throw new Error("the database is opened before the tests");
    return database;
  };
}

export async function createTable(database: Database, table: object): Promise<TableShape> {
  const shape = describeTable(table);
  await database.query(createTableSql(shape));
  for (const part of tableParts(shape)) await database.query(part.sql);
  return shape;
}

/** Encodes the rows of units, as the runner does before it writes them. */
export function stagedRows(
  shape: TableShape,
  units: Readonly<Record<string, readonly object[]>>,
): { sourceKey: string; line: string }[] {
  const encoder = createRowEncoder(shape);
  return Object.entries(units).flatMap(([sourceKey, rows]) =>
    rows.map((row) => ({ sourceKey, line: encoder.encode(row).line })),
  );
}

export function inOneTransaction<Result>(
  database: Database,
  work: (client: DatabaseClient) => Promise<Result>,
): Promise<Result> {
  return database.connect().then((client) => inTransaction(client, work).finally(() => client.release()));
}
