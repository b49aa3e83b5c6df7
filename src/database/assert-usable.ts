import { MillraceError } from "../core/errors.ts";
import type { Database } from "./connect.ts";

/** Refuses a database that Millrace cannot work in, before anything is made there. */
export async function assertUsable(database: Database): Promise<{ readonly version: string }> {
  const [found] = await database.query<{ version: string; encoding: string; name: string }>(
    `select current_setting('server_version') as version, current_setting('server_encoding') as encoding,
       current_database() as name`,
  );
  if (found?.encoding !== "UTF8")
    throw new MillraceError(
      "DATABASE_ENCODING",
      `The encoding of database "${found?.name}" is ${found?.encoding}; it must be UTF8, or most texts cannot be stored.`,
      { hint: `Make one that can: \`create database ${found?.name}_utf8 template template0 encoding 'UTF8'\`.` },
    );
  return found;
}
