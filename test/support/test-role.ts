import { randomBytes } from "node:crypto";
import { Database } from "../../src/database/connect.ts";

export interface TestRole extends AsyncDisposable {
  readonly name: string;
  /** The given database as this role sees it. */
  readonly url: string;
}

/** A role with a password of its own for one database; `options` are those of `create role`. */
export async function createTestRole(databaseUrl: string, options = ""): Promise<TestRole> {
  const name = `role_${randomBytes(6).toString("hex")}`;
  const password = randomBytes(12).toString("hex");
  const administer = async (...statements: string[]) => {
    await using database = new Database({ url: databaseUrl, maxConnections: 1 });
    for (const statement of statements) await database.query(statement);
  };
  await administer(`create role ${name} login password '${password}' ${options}`);
  const url = new URL(databaseUrl);
  url.username = name;
  url.password = password;
  return {
    name,
    url: url.href,
    [Symbol.asyncDispose]: () => administer(`drop owned by ${name} cascade`, `drop role ${name}`),
  };
}
