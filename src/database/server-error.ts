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
    super(`it took the connection and said nothing for ${seconds} s`);
  }
}

export const isUnanswered = (error: unknown): boolean => error instanceof UnansweredError;

/** True for a server that starts, recovers or shuts down: it does not refuse for good. */
export const isStarting = (error: unknown): boolean => isServerError(error) && error.code === "57P03";

/** Two transactions were in each other's way; the same again may succeed. */
const CONFLICT = /^(40001|40P01|55P03)$/;

/** True when nobody is to blame but the moment: the same again, from the start of its transaction, may succeed. */
export function isPassing(error: unknown): boolean {
  if (isConnectionLoss(error) || isFull(error)) return true;
  if (isServerError(error)) return CONFLICT.test(error.code);
  return error instanceof MillraceError && error.code.startsWith("DATABASE_") && error.isRetryable;
}

/** True when a value does not fit what it is written to, or asked of: it is about the row, not about the server. */
export const isDataError = (error: unknown): error is ServerError =>
  isServerError(error) && /^(22|23|54)/.test(error.code);

/** True when the server speaks of itself, of its role or of its limits, and not of the statement. */
export const isCondition = (error: ServerError): boolean =>
  isConnectionLoss(error) || isFull(error) || findCondition(error) !== undefined;

/** What the server says of itself, of its role or of its limits, in words; every other error as it is. */
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
  return "Check DATABASE_URL and that the server runs, or unset DATABASE_URL to use the embedded Postgres.";
}

interface Condition {
  readonly code: ErrorCode;
  readonly say: (place: DatabasePlace) => string;
  readonly hint: (error: ServerError) => string;
  readonly isRetryable?: boolean;
}

const TOO_MANY: Condition = {
  code: "DATABASE_TOO_MANY_CONNECTIONS",
  say: ({ name }) => `Postgres at ${name} gives no more connections`,
  hint: () =>
    "Close other clients, or raise the limit: max_connections, the role's CONNECTION LIMIT, the pooler's pool.",
  isRetryable: true,
};

const TLS: Condition = {
  code: "DATABASE_CERTIFICATE",
  say: ({ name }) => `The certificate of Postgres at ${name} is not trusted`,
  hint: () =>
    "Name the authority in DATABASE_URL with sslrootcert=<file>, or write sslmode=require to encrypt without checking who answers.",
};

/** By SQLSTATE, or the beginning of one; the longest that fits counts. */
const CONDITIONS: Readonly<Record<string, Condition>> = {
  "25006": {
    code: "DATABASE_READ_ONLY",
    say: ({ name }) => `The database at ${name} can only be read`,
    hint: () => "Give the URL of the primary server, or unset default_transaction_read_only for the role.",
  },
  "28": {
    code: "DATABASE_LOGIN_REFUSED",
    say: ({ name }) => `Postgres at ${name} refuses the login`,
    hint: ({ message }) =>
      /no encryption|SSL off/.test(message)
        ? "The server wants encryption, or another host: add sslmode=require to DATABASE_URL, or see its pg_hba.conf."
        : "Correct user and password in DATABASE_URL; special characters of the password are percent-encoded.",
  },
  "3D": {
    code: "DATABASE_NOT_FOUND",
    say: ({ name }) => `There is no database at ${name}`,
    hint: () => "Create it with `create database`, encoding UTF8, or correct its name in DATABASE_URL.",
  },
  "40001": conflict("another transaction came first"),
  "40P01": conflict("two transactions waited for each other"),
  "42501": {
    code: "DATABASE_PERMISSION",
    say: ({ name }) => `The role of DATABASE_URL may not do this at ${name}`,
    hint: grantHint,
  },
  "53100": {
    code: "DATABASE_DISK_FULL",
    say: ({ name }) => `The disk of Postgres at ${name} is full`,
    hint: () => "Make room on it, then run again: what was committed stays.",
  },
  "53": {
    code: "DATABASE_OUT_OF_MEMORY",
    say: ({ name }) => `Postgres at ${name} lacks memory`,
    hint: ({ hint }) => hint ?? "Give the server more memory, or run with less at once: `concurrency` of the model.",
    isRetryable: true,
  },
  "54": {
    code: "DATABASE_LIMIT",
    say: () => "This is more than Postgres can hold",
    hint: ({ hint }) => hint ?? "Make the value shorter, or leave it out of keys and indexes.",
  },
  "55P03": conflict("a lock was not to be had"),
  "57014": {
    code: "DATABASE_CANCELLED",
    say: ({ name }) => `Somebody ended a statement at ${name}`,
    hint: () => "Run again; see who sends pg_cancel_backend, or a time limit outside of the session.",
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
    hint: () => "Run again. If it comes back, see what else writes to these tables at the same time.",
    isRetryable: true,
  };
}

function fault(): Condition {
  return {
    code: "DATABASE_FAULT",
    say: ({ name }) => `Postgres at ${name} reports a fault of its own`,
    hint: () => "See the server's log; whoever runs the server has to mend it.",
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
    return `Whoever administers the database grants it: \`grant create${kind === "schema" ? ", usage" : ""} on ${kind} ${name} to <role>\`.`;
  if (kind !== undefined)
    return `Its owner grants it: \`grant select on ${name} to <role>\`, or makes the role a member of its own.`;
  return "Whoever administers the database grants the role what is missing.";
}
