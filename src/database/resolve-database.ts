import { parseConnectionUrl } from "./connection-url.ts";
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
  if (given) {
    parseConnectionUrl(given);
    return { url: given, embedded: false };
  }
  assertEmbeddedAllowed();
  const { url } = await startEmbeddedPostgres({ directory });
  return { url, embedded: true, revive: () => reviveEmbeddedPostgres({ directory }) };
}
