import pg from "pg";
import { MillraceError } from "../core/errors.ts";
import { describeUrl } from "./connection-url.ts";

/** True when the connection leads to a pooler: the session it lends is not the one that it announced. */
export async function isPooled(client: pg.ClientBase): Promise<boolean> {
  return (await backendOf(client)) !== (client as unknown as { readonly processID: number | null }).processID;
}

/**
 * Refuses a pooler that lends a session for one transaction only: temporary tables, locks, settings and prepared
 * statements would belong to another client a moment later. `client` is a connection to it.
 */
export async function assertOwnSession(
  client: pg.ClientBase,
  { url, connection }: { readonly url: string; readonly connection: pg.ClientConfig },
): Promise<void> {
  const other = new pg.Client(connection);
  other.on("error", () => undefined);
  try {
    // Poolers lend the session returned last, or the one idle longest: asking twice reveals the latter.
    const own = await backendOf(client);
    if ((await backendOf(client)) !== own) throw refused(url);
    await other.connect();
    await other.query("begin");
    // With a single session to lend, this one is the same; asking further would then wait for ever.
    if ((await backendOf(other)) === own || (await backendOf(client)) !== own) throw refused(url);
  } catch (error) {
    throw /statement pooling mode/.test((error as Error).message) ? refused(url) : error;
  } finally {
    // A pooler throws a session away that is given back within a transaction.
    await other.query("rollback").catch(() => undefined);
    await other.end().catch(() => undefined);
  }
}

async function backendOf(client: pg.ClientBase): Promise<number | undefined> {
  const { rows } = await client.query<{ pid: number }>("select pg_backend_pid() as pid");
  return rows[0]?.pid;
}

function refused(url: string): MillraceError {
  return new MillraceError(
    "DATABASE_POOLED",
    `At ${describeUrl(url)} answers a connection pooler that lends a session for one transaction only; Millrace needs sessions of its own, for temporary tables, locks and settings.`,
    {
      hint: "Give the URL of Postgres itself, or of a pooler in session mode: pool_mode = session (PgBouncer), port 5432 (Supabase), the host without -pooler (Neon).",
    },
  );
}
