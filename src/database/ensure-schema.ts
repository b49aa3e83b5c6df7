import { MillraceError } from "../core/errors.ts";
import { type Database, type DatabaseClient, quoteName } from "./connect.ts";

/** Creates the schema of the project's tables, where its config or URL names one that is not there. */
export async function ensureTableSchema(database: Database): Promise<void> {
  const { schema } = database;
  if (schema === undefined || (await database.use((client) => findSchema(client, schema))).present) return;
  await database.transaction(async (client) => {
    await client.query("select pg_advisory_xact_lock(hashtext($1))", [`schema ${schema}`]);
    await ensureSchema(client, schema);
  });
}

/**
 * Creates a schema unless it is there. `create schema if not exists` alone would ask for the right to create one even
 * where somebody who has it has made the schema.
 */
export async function ensureSchema(client: Pick<DatabaseClient, "query">, name: string): Promise<SchemaState> {
  const found = await findSchema(client, name);
  if (found.present) return found;
  if (!found.mayCreate) throw mayNotCreate(name, found);
  await client.query(`create schema if not exists ${quoteName(name)}`);
  return found;
}

export interface SchemaState {
  readonly present: boolean;
  /** Whether the role may create schemas. */
  readonly mayCreate: boolean;
  readonly role: string;
  readonly database: string;
}

async function findSchema(client: Pick<DatabaseClient, "query">, name: string): Promise<SchemaState> {
  const { rows } = await client.query<SchemaState>(
    `select to_regnamespace($1) is not null as present, current_database() as database, current_user as role,
       has_database_privilege(current_database(), 'create') as "mayCreate"`,
    [quoteName(name)],
  );
  return rows[0] as SchemaState;
}

function mayNotCreate(name: string, { role, database }: SchemaState): MillraceError {
  return new MillraceError(
    "DATABASE_PERMISSION",
    `The role "${role}" may not create schemas in database "${database}", and there is no schema "${name}" yet.`,
    {
      hint: `Whoever administers the database grants it, \`grant create on database ${quoteName(database)} to ${quoteName(role)}\`, or makes the schema: \`create schema ${quoteName(name)} authorization ${quoteName(role)}\`.`,
    },
  );
}
