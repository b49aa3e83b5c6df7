import pg from "pg";
import { MillraceError } from "../core/errors.ts";
import { parseJson } from "../core/json.ts";
import { LEASE_SECONDS } from "../core/lease-seconds.ts";
import { type ArrayText, parseArray } from "./parse-array.ts";

/** A connection that can also be taken for one transaction or one session. */
export type DatabaseClient = pg.PoolClient;

export interface DatabaseOptions {
  readonly url: string;
  /** Shows up in `pg_stat_activity`; other processes see from it whether this one is alive. */
  readonly applicationName?: string | undefined;
  /** Where the user's tables live: one schema, with its own system schema beside it. */
  readonly target?: string | undefined;
  readonly maxConnections?: number | undefined;
  /** Where the documents are; a rehearsal has a table of its own. */
  readonly documents?: string | undefined;
  /** Brings a server back that takes no connections. */
  readonly revive?: (() => Promise<void>) | undefined;
}

const SYSTEM_SCHEMA = "millrace";

// Times keep their microseconds: they stay text until a table's column decides what they become.
const TEXT_OIDS = new Set([1082, 1083, 1114, 1184, 1186, 1182, 1183, 1115, 1185, 1187, 1231]);
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
    if (JSON_OIDS.has(oid)) return parseJson;
    if (JSON_ARRAY_OIDS.has(oid)) return parseJsonArray;
    return pg.types.getTypeParser(oid, format) as typeof keepText;
  },
};

/** One Postgres database: a pool, transactions and dedicated sessions. */
export class Database implements AsyncDisposable {
  readonly url: string;
  readonly pool: pg.Pool;
  /** Quoted name of the schema that holds Millrace's own tables. */
  readonly systemSchema: string;
  /** SQL text of the name of the documents table. */
  readonly documents: string;
  /** Name of the schema that holds the tables of the engine. */
  readonly engineSchema: string;
  readonly #revive: DatabaseOptions["revive"];
  #reviving: Promise<void> | undefined;

  constructor(options: DatabaseOptions) {
    this.url = options.url;
    this.#revive = options.revive;
    this.systemSchema = options.target === undefined ? SYSTEM_SCHEMA : quoteName(`${SYSTEM_SCHEMA}_${options.target}`);
    this.documents = options.documents ?? `${this.systemSchema}.documents`;
    this.engineSchema = options.target === undefined ? "dbos" : `dbos_${options.target}`;
    const settings = { timezone: "UTC", datestyle: "ISO", intervalstyle: "iso_8601", ...searchPath(options) };
    this.pool = new pg.Pool({
      connectionString: options.url,
      application_name: options.applicationName ?? "millrace",
      max: options.maxConnections ?? 20,
      connectionTimeoutMillis: 10_000,
      // Temporary tables go with their connection.
      ...(options.documents === undefined ? {} : { idleTimeoutMillis: 0 }),
      options: Object.entries(settings)
        .map(([name, value]) => `-c ${name}=${value}`)
        .join(" "),
      types,
    });
    // An idle connection that the server drops is replaced at the next use.
    this.pool.on("error", () => undefined);
    // One that is lost while somebody holds it would end the process; the next query on it reports the loss instead.
    this.pool.on("connect", (client) => client.on("error", () => undefined));
  }

  /** Lends a connection to `work`. */
  async use<Result>(work: (client: DatabaseClient) => Promise<Result>): Promise<Result> {
    const client = await this.connect();
    try {
      return await work(client);
    } finally {
      client.release();
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
      failure = error;
      throw error;
    } finally {
      client.release(isConnectionLoss(failure) ? (failure as Error) : undefined);
    }
  }

  /** A connection of its own; the caller releases it. */
  async connect(): Promise<DatabaseClient> {
    try {
      return await this.pool.connect().catch(async (error: unknown) => {
        if (this.#revive === undefined || (error as { code?: unknown }).code !== "ECONNREFUSED") throw error;
        this.#reviving ??= this.#revive().finally(() => (this.#reviving = undefined));
        await this.#reviving;
        return this.pool.connect();
      });
    } catch (error) {
      throw error instanceof MillraceError ? error : unreachable(this.url, error);
    }
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

/** True when the server or the network ended the connection, so that trying again makes sense. */
export function isConnectionLoss(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof MillraceError) return error.code === "DATABASE_UNREACHABLE" || isConnectionLoss(error.cause);
  const code = (error as { code?: unknown }).code;
  if (typeof code === "string" && /^(08|57P0)|^E(CONNRESET|CONNREFUSED|PIPE|TIMEDOUT)$/.test(code)) return true;
  return /Connection terminated|Client has encountered a connection error|not queryable/.test(error.message);
}

/** Quotes a table or column name for SQL text. */
export function quoteName(name: string): string {
  return pg.escapeIdentifier(name);
}

function searchPath({ target, url }: DatabaseOptions): Record<string, string> {
  if (target !== undefined) return { search_path: `${target},public` };
  // Postgres looks first into the schema that is called like the user, and there are Millrace's own tables.
  const user = URL.canParse(url) ? new URL(url).username : "";
  return user === SYSTEM_SCHEMA ? { search_path: "public" } : {};
}

function unreachable(url: string, cause: unknown): MillraceError {
  const message = cause instanceof Error ? cause.message || String((cause as { code?: unknown }).code) : String(cause);
  return new MillraceError("DATABASE_UNREACHABLE", `Postgres at ${describeUrl(url)} could not be used: ${message}`, {
    cause,
    isRetryable: true,
    hint: "Check DATABASE_URL and that the server runs, or unset DATABASE_URL to use the embedded Postgres.",
  });
}

/** Host, port and database of a URL; never its password. */
export function describeUrl(url: string): string {
  try {
    const { hostname, port, pathname } = new URL(url);
    return `${hostname || "localhost"}:${port || "5432"}${pathname}`;
  } catch {
    return "the given URL";
  }
}
