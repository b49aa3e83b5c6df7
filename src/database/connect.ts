import pg from "pg";
import { UsageError } from "../core/errors.ts";
import { parseJson } from "../core/json.ts";
import { LEASE_SECONDS } from "../core/lease-seconds.ts";
import { describeUrl, parseConnectionUrl } from "./connection-url.ts";
import { type ArrayText, parseArray } from "./parse-array.ts";
import { PatientPool, type PatientPoolOptions } from "./pool.ts";
import { type DatabasePlace, explainConnectError, explainDatabaseError, isConnectionLoss } from "./server-error.ts";
import { Sessions } from "./session.ts";

/** A connection that can also be taken for one transaction or one session. */
export type DatabaseClient = pg.PoolClient;

export interface DatabaseOptions {
  readonly url: string;
  /** Shows up in `pg_stat_activity`; other processes see from it whether this one is alive. */
  readonly applicationName?: string | undefined;
  /** Where the user's tables live: one schema, with its own system schema next to it. */
  readonly target?: string | undefined;
  readonly maxConnections?: number | undefined;
  /** Where the documents are; a rehearsal has a table of its own. */
  readonly documents?: string | undefined;
  /** Brings a server back that takes no connections. */
  readonly revive?: (() => Promise<void>) | undefined;
}

const SYSTEM_SCHEMA = "millrace";
const ENGINE_SCHEMA = "dbos";
const MAX_CONNECTIONS = 20;

// Times keep their microseconds: they stay text until a table's column decides what they become.
const TEXT_OIDS = new Set([1082, 1083, 1114, 1184, 1186]);
// Elements of these would become numbers with fewer digits, or Dates.
const TEXT_ARRAY_OIDS = new Set([1115, 1182, 1183, 1185, 1187, 1231, 1270]);
const JSON_OIDS = new Set([114, 3802]);
const JSON_ARRAY_OIDS = new Set([199, 3807]);
const keepText = (value: string) => value;
const parseElements = (list: ArrayText): unknown[] =>
  list.map((element) =>
    typeof element === "string" ? parseJson(element) : element === null ? null : parseElements(element),
  );
const parseJsonArray = (value: string) => parseElements(parseArray(value));
const types: pg.CustomTypesConfig = {
  getTypeParser: (oid, format) => {
    if (TEXT_OIDS.has(oid)) return keepText;
    if (TEXT_ARRAY_OIDS.has(oid)) return parseArray;
    if (JSON_OIDS.has(oid)) return parseJson;
    if (JSON_ARRAY_OIDS.has(oid)) return parseJsonArray;
    return pg.types.getTypeParser(oid, format) as typeof keepText;
  },
};

/** One Postgres database: a pool, transactions and dedicated sessions. */
export class Database implements AsyncDisposable {
  readonly url: string;
  readonly pool: PatientPool;
  /** The schema that tables are made in, where the project or its URL names one. */
  readonly schema: string | undefined;
  /** Name of the schema that holds Millrace's own tables. */
  readonly systemSchemaName: string;
  /** The same, quoted. */
  readonly systemSchema: string;
  /** SQL text of the name of the documents table. */
  readonly documents: string;
  /** Name of the schema that holds the tables of the engine. */
  readonly engineSchema: string;
  readonly #place: DatabasePlace;
  readonly #poolOptions: PatientPoolOptions;

  constructor(options: DatabaseOptions) {
    const { url, target, documents, revive, applicationName = "millrace", maxConnections = MAX_CONNECTIONS } = options;
    const { connection, otherSsl, schemas: named } = parseConnectionUrl(url);
    const schemas = searchPath(target, named);
    const suffix = target === undefined ? "" : `_${target}`;
    this.url = url;
    this.schema = schemas[0];
    this.systemSchemaName = `${SYSTEM_SCHEMA}${suffix}`;
    this.systemSchema = quoteName(this.systemSchemaName);
    this.documents = documents ?? `${this.systemSchema}.documents`;
    this.engineSchema = `${ENGINE_SCHEMA}${suffix}`;
    this.#place = { name: describeUrl(url), isEmbedded: revive !== undefined };
    const ownSchemas = [this.systemSchemaName, this.engineSchema];
    const sessions = new Sessions({ url, connection, applicationName, schemas, ownSchemas });
    this.#poolOptions = {
      connection: { ...connection, application_name: applicationName },
      otherSsl,
      max: maxConnections,
      types,
      prepare: (client) => sessions.prepare(client),
      revive,
      onFull: () => void this.pool.dropIdle().catch(() => undefined),
    };
    // Temporary tables go with their connection.
    this.pool = new PatientPool({ ...this.#poolOptions, ...(documents === undefined ? {} : { idleTimeoutMs: 0 }) });
  }

  /** Further connections, for a library that wants its own pool; its errors are passed on unchanged. */
  createPool(max: number): pg.Pool {
    return new PatientPool({ ...this.#poolOptions, max });
  }

  /** Lends a connection to `work`. */
  async use<Result>(work: (client: DatabaseClient) => Promise<Result>): Promise<Result> {
    const client = await this.connect();
    let failure: unknown;
    try {
      return await work(client);
    } catch (error) {
      failure = this.explain(error);
      throw failure;
    } finally {
      client.release(isConnectionLoss(failure) ? (failure as Error) : undefined);
    }
  }

  async query<Row extends pg.QueryResultRow = Record<string, unknown>>(
    text: string,
    parameters: readonly unknown[] = [],
  ): Promise<Row[]> {
    return this.use(async (client) => (await client.query<Row>(text, [...parameters])).rows);
  }

  /** Commits what `work` did, or nothing of it. */
  async transaction<Result>(work: (client: DatabaseClient) => Promise<Result>): Promise<Result> {
    const client = await this.connect();
    let failure: unknown;
    try {
      return await inTransaction(client, work);
    } catch (error) {
      failure = this.explain(error);
      throw failure;
    } finally {
      client.release(isConnectionLoss(failure) ? (failure as Error) : undefined);
    }
  }

  /** A dedicated connection; the caller releases it. */
  async connect(): Promise<DatabaseClient> {
    try {
      return await this.pool.connect();
    } catch (error) {
      throw explainConnectError(error, this.#place);
    }
  }

  /** Explains an error of a dedicated connection if it is about the server; others are returned unchanged. */
  explain(error: unknown): unknown {
    return explainDatabaseError(error, this.#place);
  }

  async close(): Promise<void> {
    await this.pool.end();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** Runs `work` between begin and commit on a connection that is already held. */
export async function inTransaction<Result>(
  client: DatabaseClient,
  work: (client: DatabaseClient) => Promise<Result>,
): Promise<Result> {
  // A suspended process must not hold its locks for ever.
  await client.query(`begin; set local idle_in_transaction_session_timeout = '${LEASE_SECONDS}s'`);
  try {
    const result = await work(client);
    await client.query("commit");
    return result;
  } catch (error) {
    // A rollback on a lost connection fails too; the first error is the one that explains.
    await client.query("rollback").then(undefined, () => undefined);
    throw error;
  }
}

/** Quotes a table or column name for SQL text. */
export function quoteName(name: string): string {
  return pg.escapeIdentifier(name);
}

function searchPath(target: string | undefined, named: readonly string[]): readonly string[] {
  const [schema] = named;
  if (target !== undefined && schema !== undefined && schema !== target && schema !== "public")
    throw new UsageError(
      "DATABASE_URL_INVALID",
      `The database URL names the schema "${schema}", and the project's target is "${target}".`,
      { hint: "Leave out one of the two." },
    );
  return target === undefined
    ? [...new Set([...named, ...(named.length === 0 ? [] : ["public"])])]
    : [target, "public"];
}
