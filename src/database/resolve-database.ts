import { UsageError } from "../core/errors.ts";
import { assertEmbeddedAllowed, reviveEmbeddedPostgres, startEmbeddedPostgres } from "./embedded/embedded-postgres.ts";

export interface ResolveDatabaseOptions {
  /** Usually `DATABASE_URL`; empty counts as unset. */
  readonly databaseUrl?: string | undefined;
  /** Folder of the embedded server, used when there is no URL. */
  readonly directory: string;
}

export interface ResolvedDatabase {
  readonly url: string;
  readonly embedded: boolean;
  /** Starts the embedded server again that was killed. */
  readonly revive?: () => Promise<void>;
}

/** The database of a project: the one it names, otherwise the embedded server, started if needed. */
export async function resolveDatabaseUrl({
  databaseUrl,
  directory,
}: ResolveDatabaseOptions): Promise<ResolvedDatabase> {
  const given = databaseUrl?.trim();
  if (given) return { url: assertPostgresUrl(given), embedded: false };
  assertEmbeddedAllowed();
  const { url } = await startEmbeddedPostgres({ directory });
  return { url, embedded: true, revive: () => reviveEmbeddedPostgres({ directory }) };
}

// The text itself stays out of the message, since it may hold a password.
function assertPostgresUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && ["postgres:", "postgresql:"].includes(url.protocol)) return text;
  const problem = url === undefined ? "is not a URL" : `has protocol ${url.protocol}, not postgres:`;
  throw new UsageError("DATABASE_URL_INVALID", `The database URL ${problem}.`, {
    hint: "Write postgres://user:password@host:5432/database, with special characters of the password percent-encoded.",
  });
}
