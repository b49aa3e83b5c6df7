import type { Socket } from "node:net";
import pg from "pg";
import { MillraceError } from "../core/errors.ts";
import { describeUrl } from "./connection-url.ts";
import { assertOwnSession, isPooled } from "./pooler.ts";
import { UnansweredError } from "./server-error.ts";

export interface SessionOptions {
  readonly url: string;
  readonly connection: pg.ClientConfig;
  readonly applicationName: string;
  /** Where tables are looked for and made; empty leaves it to the role and the database. */
  readonly schemas: readonly string[];
  /** Schemas of Millrace's own, in which no table of the user is looked for. */
  readonly ownSchemas: readonly string[];
}

const ANSWER_SECONDS = 10;
/** A pooler with no session left does not answer; asking again finds one that this process has freed meanwhile. */
const POOLED_ANSWER_SECONDS = 3;

/** What texts of values, times of statements and writes at the same time mean must not depend on role or database. */
const SETTINGS: Readonly<Record<string, string>> = {
  TimeZone: "UTC",
  DateStyle: "ISO, MDY",
  IntervalStyle: "iso_8601",
  extra_float_digits: "1",
  bytea_output: "hex",
  standard_conforming_strings: "on",
  client_encoding: "UTF8",
  default_transaction_isolation: "read committed",
  statement_timeout: "0",
  lock_timeout: "0",
  transaction_timeout: "0",
  idle_in_transaction_session_timeout: "0",
  idle_session_timeout: "0",
};

/** The server drops sessions of a vanished host within half a minute. Some systems do not support this. */
const KEEPALIVES: Readonly<Record<string, string>> = {
  tcp_keepalives_idle: "10",
  tcp_keepalives_interval: "5",
  tcp_keepalives_count: "3",
};

/** Makes every connection to one database what Millrace needs it to be, whatever URL, role and poolers say. */
export class Sessions {
  readonly #options: SessionOptions;
  #isPooled: Promise<boolean> | undefined;
  #isKnownPooled = false;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  /** Call it once for each new connection, before anything else is asked of it. */
  async prepare(client: pg.ClientBase): Promise<void> {
    const seconds = this.#isKnownPooled ? POOLED_ANSWER_SECONDS : ANSWER_SECONDS;
    const timer = setTimeout(() => socketOf(client).destroy(new UnansweredError(seconds)), seconds * 1_000);
    try {
      // What an earlier client of a pooler left behind: settings, prepared statements, locks, temporary tables.
      if (await this.#askWhetherPooled(client)) await client.query("discard all");
      await this.#set(client);
    } finally {
      clearTimeout(timer);
    }
  }

  // Before anything is set: settings would otherwise stay with sessions that other clients of the pooler use.
  #askWhetherPooled(client: pg.ClientBase): Promise<boolean> {
    const { url, connection } = this.#options;
    this.#isPooled ??= isPooled(client).then(async (pooled) => {
      if (pooled)
        await assertOwnSession(client, { url, connection: { ...connection, ssl: (client as pg.Client).ssl } });
      this.#isKnownPooled = pooled;
      return pooled;
    });
    this.#isPooled.catch(() => (this.#isPooled = undefined));
    return this.#isPooled;
  }

  async #set(client: pg.ClientBase): Promise<void> {
    const { applicationName, schemas, url } = this.#options;
    const path = schemas.map((name) => pg.escapeIdentifier(name)).join(", ");
    const fixed = { ...SETTINGS, application_name: applicationName, ...(path === "" ? {} : { search_path: path }) };
    const wanted = Object.entries({ ...fixed, ...KEEPALIVES });
    const list = wanted.map((pair) => `(${pair.map((text) => pg.escapeLiteral(text)).join(", ")})`).join(", ");
    // A second statement, because the result of the first would prove nothing. Older servers lack some of the settings.
    const text = `select set_config(name, value, false) from (values ${list}) as wanted (name, value)
        where current_setting(name, true) is not null;
      ${path === "" ? this.#withoutOwnSchemas() : ""}
      select name, current_setting(name, true) as value from (values ${list}) as wanted (name, value)`;
    const results = (await client.query(text)) as unknown as readonly pg.QueryResult<{ name: string; value: string }>[];
    const found = new Map(results.at(-1)?.rows.map(({ name, value }) => [name, value]));
    for (const [name, value] of Object.entries(fixed))
      if ((found.get(name) ?? value) !== value) throw notSet(url, name, found.get(name));
  }

  // Postgres looks first into the schema that is called like the role: no table of a person belongs into one of ours.
  #withoutOwnSchemas(): string {
    const own = this.#options.ownSchemas.map((name) => pg.escapeLiteral(name)).join(", ");
    return `select set_config('search_path', coalesce(
        (select string_agg(quote_ident(name), ', ' order by place)
         from unnest(current_schemas(false)) with ordinality as path (name, place) where name not in (${own})),
        'public'), false) where current_user in (${own});`;
  }
}

const socketOf = (client: pg.ClientBase) =>
  (client as unknown as { readonly connection: { readonly stream: Socket } }).connection.stream;

function notSet(url: string, name: string, value: string | undefined): MillraceError {
  return new MillraceError(
    "DATABASE_SESSION",
    `At ${describeUrl(url)} the setting ${name} of a session stays "${value}" when it is set: something between here and Postgres keeps it.`,
    { hint: "Use a URL that leads to Postgres itself, or a pooler in session mode." },
  );
}
