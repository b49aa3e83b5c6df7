import { parse } from "pg-connection-string";
import type pg from "pg";
import { UsageError } from "../core/errors.ts";

/** What a database URL says of the way to the database. Other settings it may name are Millrace's own to make. */
export interface ConnectionUrl {
  readonly connection: pg.ClientConfig;
  /** What to try when the server refuses the connection as it is: encryption, or none. */
  readonly otherSsl: pg.ClientConfig["ssl"] | undefined;
  /** Schemas that it names, as URLs of other tools do; tables go into the first. */
  readonly schemas: readonly string[];
}

type Ssl = Exclude<pg.ClientConfig["ssl"], boolean | undefined>;

const CONNECT_TIMEOUT_MS = 10_000;
const SSL_MODES = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full", "no-verify"];

/** Reads a database URL; encryption is what `psql` makes of it. The error repeats nothing of what may be a password. */
export function parseConnectionUrl(text: string): ConnectionUrl {
  if (!URL.canParse(text)) throw invalid("is not a valid URL");
  const url = new URL(text);
  if (!["postgres:", "postgresql:"].includes(url.protocol))
    throw invalid(`has protocol ${url.protocol}, not postgres:`);
  const sslMode = readSslMode(url.searchParams);
  // What is read here already; the library would warn of some modes, and verify certificates for others.
  for (const name of ["sslmode", "ssl", "uselibpqcompat"]) url.searchParams.delete(name);
  if (url.searchParams.get("sslrootcert") === "system") url.searchParams.delete("sslrootcert");
  const { host, port, user, password, database, options, sslnegotiation, ssl } = parseByLibrary(url.href);
  const texts = Object.entries({ host, user, password, database, options }).filter(([, value]) => Boolean(value));
  const seconds = Number(url.searchParams.get("connect_timeout"));
  return {
    connection: {
      ...Object.fromEntries(texts),
      ...(port ? { port: Number(port) } : {}),
      ...(sslnegotiation === "direct" ? { sslnegotiation } : {}),
      ssl: encryption(sslMode, typeof ssl === "object" ? (ssl as Ssl) : {}),
      connectionTimeoutMillis: seconds > 0 ? seconds * 1_000 : CONNECT_TIMEOUT_MS,
      // A server that is gone without a word is noticed.
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
    },
    otherSsl: sslMode === "prefer" ? false : sslMode === "allow" ? encryption("require", {}) : undefined,
    schemas: readSchemas(url.searchParams),
  };
}

function readSslMode(parameters: URLSearchParams): string {
  const ssl = parameters.get("ssl");
  const named = parameters.get("sslmode") ?? (ssl === null ? process.env["PGSSLMODE"] : modeOfSsl(ssl));
  const isDirect = parameters.get("sslnegotiation") === "direct";
  // Where nothing is said: without encryption, which costs, unless the server insists on it.
  const mode = named || (isDirect ? "require" : "allow");
  if (!SSL_MODES.includes(mode)) throw invalid(`names sslmode=${mode}; it is one of ${SSL_MODES.join(", ")}`);
  if (isDirect && ["disable", "allow", "prefer"].includes(mode))
    throw invalid(`names sslnegotiation=direct, which needs sslmode=require at least, not ${mode}`);
  if (mode === "verify-ca" && !parameters.has("sslrootcert"))
    throw invalid("names sslmode=verify-ca without sslrootcert, the file of the authority to trust");
  return mode;
}

function modeOfSsl(ssl: string): string {
  if (["true", "1", ""].includes(ssl)) return "require";
  return ["false", "0"].includes(ssl) ? "disable" : ssl;
}

function encryption(mode: string, files: Ssl): boolean | Ssl {
  const trustsAuthority = mode === "verify-ca" || (mode === "require" && files.ca !== undefined);
  if (mode === "disable" || mode === "allow") return false;
  if (trustsAuthority) return { ...files, checkServerIdentity: () => undefined };
  return mode === "verify-full" ? files : { ...files, rejectUnauthorized: false };
}

function parseByLibrary(url: string): ReturnType<typeof parse> {
  try {
    return parse(url);
  } catch (error) {
    const { code, path } = error as NodeJS.ErrnoException;
    if (path !== undefined) throw invalid(`names the file "${path}", which cannot be read (${code})`);
    throw invalid(code === undefined ? "cannot be read" : `cannot be read (${code})`);
  }
}

function readSchemas(parameters: URLSearchParams): readonly string[] {
  const named = parameters.get("schema") ?? parameters.get("currentSchema") ?? parameters.get("search_path") ?? "";
  return named
    .split(",")
    .map((name) => name.trim().replace(/^"(.*)"$/, "$1"))
    .filter((name) => name !== "");
}

function invalid(problem: string): UsageError {
  return new UsageError("DATABASE_URL_INVALID", `The database URL ${problem}.`, {
    hint: "Write postgres://user:password@host:5432/database, with special characters of the password percent-encoded.",
  });
}

/** Host, port and database of a URL; never its password. */
export function describeUrl(url: string): string {
  try {
    const { hostname, port, pathname, searchParams } = new URL(url);
    return `${hostname || searchParams.get("host") || "localhost"}:${port || searchParams.get("port") || "5432"}${pathname}`;
  } catch {
    return "the given URL";
  }
}
