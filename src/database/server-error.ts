import type { ErrorCode } from "../core/error-codes.ts";
import { MillraceError } from "../core/errors.ts";

/** An error that Postgres, or a pooler before it, has answered with. */
export interface ServerError extends Error {
  readonly severity: string;
  /** The SQLSTATE. */
  readonly code: string;
  readonly hint?: string;
  readonly detail?: string;
  /** Counts characters of the statement from 1 on. */
  readonly position?: string;
}

/** Which database an error is about, as its message names it. */
export interface DatabasePlace {
  readonly name: string;
  readonly isEmbedded: boolean;
}

export function isServerError(error: unknown): error is ServerError {
  return error instanceof Error && "severity" in error && /^[0-9A-Z]{5}$/.test((error as ServerError).code);
}

// 57P01 to 57P05: shut down, crashed, starting, dropped, idle for too long. 25P03 and 25P04 end the session too.
const LOSS = /^(08|57P0|25P0[34])/;
const LOST_SOCKET = /^E(CONNRESET|CONNREFUSED|CONNABORTED|PIPE|TIMEDOUT|HOSTUNREACH|NETUNREACH|AI_AGAIN)$/;
const LOST_CLIENT =
  /Connection terminated|Client has encountered a connection error|not queryable|timeout expired|timeout exceeded when trying to connect/;

/** True when the server or the network ended the connection, so that trying again makes sense. */
export function isConnectionLoss(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof MillraceError) return error.code === "DATABASE_UNREACHABLE" || isConnectionLoss(error.cause);
  const { code } = error as { code?: unknown };
  if (typeof code === "string" && (LOSS.test(code) || LOST_SOCKET.test(code))) return true;
  return LOST_CLIENT.test(error.message);
}

/** True when the server, or a pooler, has no connection to give at the moment. */
export function isFull(error: unknown): boolean {
  if (!isServerError(error)) return error instanceof MillraceError && isFull(error.cause);
  return error.code === "53300" || /no more connections allowed|query_wait_timeout|max clients/i.test(error.message);
}

/** What was asked of a new connection got no answer: the server hangs, or a pooler has no session left. */
export class UnansweredError extends Error {
  readonly code = "ETIMEDOUT";

  constructor(seconds: number) {
    super(`it accepted the connection but sent nothing for ${seconds} s`);
  }
}

export const isUnanswered = (error: unknown): boolean => error instanceof UnansweredError;

/** True for a server that starts, recovers or shuts down: it does not refuse for good. */
export const isStarting = (error: unknown): boolean => isServerError(error) && error.code === "57P03";

/** Two transactions were in each other's way; the same again may succeed. */
const CONFLICT = /^(40001|40P01|55P03)$/;

/** True for transient errors: retrying from the start of the transaction may succeed. */
export function isPassing(error: unknown): boolean {
  if (isConnectionLoss(error) || isFull(error)) return true;
  if (isServerError(error)) return CONFLICT.test(error.code);
  return error instanceof MillraceError && error.code.startsWith("DATABASE_") && error.isRetryable;
}

/** True for errors about the server itself, which no unit causes. */
export const isAboutServer = (error: unknown): boolean =>
  error instanceof MillraceError && error.code.startsWith("DATABASE_") && error.code !== "DATABASE_LIMIT";

/** True when the server speaks of itself, of its role or of its limits, and not of the statement. */
export const isCondition = (error: ServerError): boolean =>
  isConnectionLoss(error) || isFull(error) || findCondition(error) !== undefined;

/** Explains errors about the server, the role or limits; every other error is returned unchanged. */
export function explainDatabaseError(error: unknown, place: DatabasePlace): unknown {
  if (error instanceof MillraceError || !(error instanceof Error)) return error;
  const known = isFull(error) ? TOO_MANY : isConnectionLoss(error) ? undefined : findCondition(error);
  if (known === undefined) return isConnectionLoss(error) ? unreachable(error, place) : error;
  const { code, say, hint, isRetryable = false } = known;
  const sqlState = (error as ServerError).code;
  return new MillraceError(code, `${say(place)}: ${messageOf(error)}.`, {
    cause: error,
    isRetryable,
    hint: hint(error as ServerError),
    ...(sqlState === undefined ? {} : { details: { sqlState } }),
  });
}

/** Like `explainDatabaseError`, where there is no connection yet: whatever it is, it is about the way to the database. */
export function explainConnectError(error: unknown, place: DatabasePlace): unknown {
  const explained = explainDatabaseError(error, place);
  return explained instanceof MillraceError ? explained : unreachable(explained, place);
}

const messageOf = (error: Error) => (error.message || String((error as { code?: unknown }).code)).replace(/\.$/, "");

function unreachable(cause: unknown, place: DatabasePlace): MillraceError {
  const message = cause instanceof Error ? messageOf(cause) : String(cause);
  const parameter = /unsupported startup parameter(?: in options)?: (\S+)/.exec(message)?.[1];
  return new MillraceError("DATABASE_UNREACHABLE", `Postgres at ${place.name} could not be used: ${message}.`, {
    cause,
    isRetryable: parameter === undefined,
    hint: nextStep(message, parameter, place),
  });
}

function nextStep(message: string, parameter: string | undefined, { isEmbedded }: DatabasePlace): string {
  if (isEmbedded) return "`millrace db start` starts the embedded Postgres; its log is in .millrace/postgres.";
  if (parameter !== undefined)
    return `A connection pooler refuses \`${parameter}\`: leave it out of DATABASE_URL, or add it to the pooler's ignore_startup_parameters.`;
  if (message.includes("does not support SSL"))
    return "Write sslmode=prefer in DATABASE_URL, which encrypts where the server can, or turn on `ssl` in the server.";
  return "Check DATABASE_URL and that the server is running, or unset DATABASE_URL to use the embedded Postgres.";
}

interface Condition {
  readonly code: ErrorCode;
  readonly say: (place: DatabasePlace) => string;
  readonly hint: (error: ServerError) => string;
  readonly isRetryable?: boolean;
}

const TOO_MANY: Condition = {
  code: "DATABASE_TOO_MANY_CONNECTIONS",
  say: ({ name }) => `Postgres at ${name} accepts no more connections`,
  hint: () =>
    "Close other clients, or raise the limit: max_connections, the role's CONNECTION LIMIT, the pooler's pool.",
  isRetryable: true,
};

const TLS: Condition = {
  code: "DATABASE_CERTIFICATE",
  say: ({ name }) => `The certificate of Postgres at ${name} is not trusted`,
  hint: () =>
    "Name the authority in DATABASE_URL with sslrootcert=<file>, or write sslmode=require to encrypt without verifying the server.",
};

/** By SQLSTATE, or the beginning of one; the longest that fits counts. */
const CONDITIONS: Readonly<Record<string, Condition>> = {
  "25006": {
    code: "DATABASE_READ_ONLY",
    say: ({ name }) => `The database at ${name} is read-only`,
    hint: () => "Use the URL of the primary server, or unset default_transaction_read_only for the role.",
  },
  "28": {
    code: "DATABASE_LOGIN_REFUSED",
    say: ({ name }) => `Postgres at ${name} rejected the login`,
    hint: ({ message }) =>
      /no encryption|SSL off/.test(message)
        ? "The server requires encryption or another host: add sslmode=require to DATABASE_URL, or check its pg_hba.conf."
        : "Fix user and password in DATABASE_URL; percent-encode special characters of the password.",
  },
  "3D": {
    code: "DATABASE_NOT_FOUND",
    say: ({ name }) => `There is no database at ${name}`,
    hint: () => "Create it with `create database`, encoding UTF8, or fix its name in DATABASE_URL.",
  },
  "40001": conflict("another transaction committed first"),
  "40P01": conflict("two transactions blocked each other"),
  "42501": {
    code: "DATABASE_PERMISSION",
    say: ({ name }) => `The role of DATABASE_URL may not do this at ${name}`,
    hint: grantHint,
  },
  "53100": {
    code: "DATABASE_DISK_FULL",
    say: ({ name }) => `The disk of Postgres at ${name} is full`,
    hint: () => "Free space, then run again: what was committed is kept.",
  },
  "53": {
    code: "DATABASE_OUT_OF_MEMORY",
    say: ({ name }) => `Postgres at ${name} is out of memory`,
    hint: ({ hint }) => hint ?? "Give the server more memory, or lower the model's `concurrency`.",
    isRetryable: true,
  },
  "54": {
    code: "DATABASE_LIMIT",
    say: () => "This exceeds a limit of Postgres",
    hint: ({ hint }) => hint ?? "Shorten the value, or leave it out of keys and indexes.",
  },
  "55P03": conflict("a lock was not available"),
  "57014": {
    code: "DATABASE_CANCELLED",
    say: ({ name }) => `A statement was cancelled at ${name}`,
    hint: () => "Run again. Find out who calls pg_cancel_backend, or which tool sets a time limit.",
    isRetryable: true,
  },
  "58": fault(),
  F0: fault(),
  XX: fault(),
};

function conflict(what: string): Condition {
  return {
    code: "DATABASE_CONFLICT",
    say: () => `Nothing was written, because ${what}`,
    hint: () => "Run again. If it happens again, find out what else writes to these tables.",
    isRetryable: true,
  };
}

function fault(): Condition {
  return {
    code: "DATABASE_FAULT",
    say: ({ name }) => `Postgres at ${name} reports an internal error`,
    hint: () => "See the server's log; its administrator must fix it.",
    isRetryable: true,
  };
}

function findCondition(error: Error): Condition | undefined {
  const { code } = error as { code?: unknown };
  if (/^(ERR_TLS_|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_)/.test(String(code))) return TLS;
  if (!isServerError(error)) return undefined;
  return CONDITIONS[error.code] ?? CONDITIONS[error.code.slice(0, 2)];
}

function grantHint({ message }: ServerError): string {
  const [, kind, name] =
    /permission denied for (database|schema|table|view|sequence) ("?[^"\s]+"?)/.exec(message) ?? [];
  if (kind === "database" || kind === "schema")
    return `Ask the administrator of the database to grant it: \`grant create${kind === "schema" ? ", usage" : ""} on ${kind} ${name} to <role>\`.`;
  if (kind !== undefined)
    return `Ask its owner to grant it: \`grant select on ${name} to <role>\`, or to make the role a member of the owner's.`;
  return "Ask the administrator of the database to grant the role what is missing.";
}
