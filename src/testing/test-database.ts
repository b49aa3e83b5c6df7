import { randomBytes } from "node:crypto";
import { Database, type DatabaseClient, quoteName } from "../database/connect.ts";
import { migrateSystemSchema, SYSTEM_SCHEMA_ID } from "../database/system-schema.ts";

const TEMPLATE = `millrace_template_${SYSTEM_SCHEMA_ID}`;

/** Servers whose template this process has brought up to date. */
const prepared = new Set<string>();

/** A new database with the tables of Millrace and of its engine: copying a template takes a tenth of making them. */
export async function createDatabase(serverUrl: string): Promise<string> {
  const name = `test_${randomBytes(6).toString("hex")}`;
  await using server = new Database({ url: serverUrl, maxConnections: 1 });
  await server.use(async (client) => {
    const hasTemplate = prepared.has(serverUrl) && (await exists(client, TEMPLATE));
    if (!hasTemplate) await prepareTemplate(client, serverUrl);
    // A template is copied while nobody is connected to it. The lock goes with the connection.
    await client.query("select pg_advisory_lock_shared(hashtext($1))", [TEMPLATE]);
    await client.query(`create database ${name} template ${TEMPLATE}`);
  });
  return withDatabase(serverUrl, name);
}

export async function dropDatabase(serverUrl: string, databaseUrl: string): Promise<void> {
  await using server = new Database({ url: serverUrl, maxConnections: 1 });
  const name = new URL(databaseUrl).pathname.slice(1);
  await server.query(`drop database if exists ${quoteName(name)} with (force)`);
}

async function prepareTemplate(client: DatabaseClient, serverUrl: string): Promise<void> {
  await client.query("select pg_advisory_lock(hashtext($1))", [TEMPLATE]);
  if (!(await exists(client, TEMPLATE))) await client.query(`create database ${TEMPLATE}`);
  await migrate(withDatabase(serverUrl, TEMPLATE));
  await client.query("select pg_advisory_unlock(hashtext($1))", [TEMPLATE]);
  prepared.add(serverUrl);
}

async function migrate(url: string): Promise<void> {
  await using database = new Database({ url, maxConnections: 4 });
  await migrateSystemSchema(database);
  // Unit tests come from the same entry and need no engine.
  const { migrateEngine } = await import("../run/dbos-engine.ts");
  await migrateEngine(database);
}

async function exists(client: DatabaseClient, name: string): Promise<boolean> {
  return (await client.query("select from pg_database where datname = $1", [name])).rowCount === 1;
}

function withDatabase(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}
