import { setTimeout as sleep } from "node:timers/promises";
import { callbackify } from "node:util";
import pg from "pg";
import { isConnectionLoss, isFull, isServerError, isStarting, isUnanswered } from "./server-error.ts";

export interface PatientPoolOptions {
  readonly connection: pg.ClientConfig;
  /** What to try when the server refuses the connection as it is. */
  readonly otherSsl: pg.ClientConfig["ssl"] | undefined;
  readonly max: number;
  /** 0: connections stay. */
  readonly idleTimeoutMs?: number | undefined;
  readonly types: pg.CustomTypesConfig;
  /** Makes a new connection what its users need; a failure is that of the connection. */
  readonly prepare: (client: pg.ClientBase) => Promise<void>;
  /** Brings a server back that takes no connections. */
  readonly revive?: (() => Promise<void>) | undefined;
  /** Called when the server has no connection to give: others of this process may give some back. */
  readonly onFull?: (() => void) | undefined;
}

type Callback = Parameters<pg.Pool["connect"]>[0];

/** How long to wait for a database that was reachable before, or reports that it is starting. */
const AWAY_MS = 30_000;
/** How long to wait for a server whose connections are all in use. */
const FULL_MS = 60_000;
const NEEDS_SSL = /no encryption|SSL off|SSL required|TLS required|SSL connection is required/i;
/** With so many connections everything goes on, if slowly. */
const ENOUGH = 4;
/** After this long, more connections are asked for than the server had to give. */
const GROW_AGAIN_MS = 300_000;
/** How long a connection of our own is waited for; a model that waits for itself must not wait for ever. */
const QUEUE_MS = 30_000;
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1_000;

/** Connections of one database. A server that is away for a while, or has none to give, is waited for. */
export class PatientPool extends pg.Pool {
  readonly #options: PatientPoolOptions;
  #otherSsl: PatientPoolOptions["otherSsl"];
  #hasConnected = false;
  #reviving: Promise<void> | undefined;

  constructor(options: PatientPoolOptions) {
    const { connection, max, idleTimeoutMs, types, prepare } = options;
    super({
      ...connection,
      max,
      types,
      ...(idleTimeoutMs === undefined ? {} : { idleTimeoutMillis: idleTimeoutMs }),
      // The client has the time limit of the URL; this one is for those that wait for their turn.
      connectionTimeoutMillis: QUEUE_MS,
      Client: clientWith(connection),
      onConnect: prepare,
    });
    this.#options = options;
    this.#otherSsl = options.otherSsl;
    // An idle connection that the server drops is replaced at the next use.
    this.on("error", () => undefined);
    // One that is lost while somebody holds it would end the process; the next query on it reports the loss instead.
    this.on("connect", (client) => client.on("error", () => undefined));
  }

  override connect(): Promise<pg.PoolClient>;
  override connect(callback: Callback): void;
  override connect(callback?: Callback): Promise<pg.PoolClient> | void {
    if (callback === undefined) return this.#connect();
    callbackify(() => this.#connect())((error, client) =>
      callback(error ?? undefined, client, (problem) => client.release(problem as Error | undefined)),
    );
  }

  async #connect(): Promise<pg.PoolClient> {
    const startedMs = performance.now();
    let mayRevive = true;
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      try {
        const client = await super.connect();
        this.#hasConnected = true;
        return client;
      } catch (error) {
        if (this.#takeOtherSsl(error)) continue;
        if (mayRevive && (await this.#revive(error))) {
          mayRevive = false;
          continue;
        }
        if (this.ending || performance.now() - startedMs > this.#patienceMs(error)) throw error;
        if (isFull(error) || isUnanswered(error)) this.#makeDo();
        await sleep(pauseMs);
      }
    }
  }

  /** Closes idle connections. */
  async dropIdle(): Promise<void> {
    for (let rest = this.idleCount; rest > 0; rest -= 1) (await super.connect()).release(true);
  }

  #patienceMs(error: unknown): number {
    if (isFull(error)) return FULL_MS;
    // Who has never been there may not be anywhere: a wrong URL is heard of at once.
    return isStarting(error) || (this.#hasConnected && isConnectionLoss(error)) ? AWAY_MS : 0;
  }

  // Who has enough waits for its own; what others of this process do not use is given back.
  #makeDo(): void {
    this.#options.onFull?.();
    if (this.totalCount < ENOUGH) return;
    this.options.max = Math.min(this.options.max, this.totalCount);
    setTimeout(() => (this.options.max = this.#options.max), GROW_AGAIN_MS).unref();
  }

  // Once, and from then on for all connections.
  #takeOtherSsl(error: unknown): boolean {
    const isAboutSsl =
      (isServerError(error) && /^(28000|08P01)$/.test(error.code) && NEEDS_SSL.test(error.message)) ||
      (error instanceof Error && error.message === "The server does not support SSL connections");
    if (!isAboutSsl || this.#otherSsl === undefined) return false;
    this.options.ssl = this.#otherSsl;
    this.#otherSsl = undefined;
    return true;
  }

  async #revive(refusal: unknown): Promise<boolean> {
    const { revive } = this.#options;
    if (revive === undefined || (refusal as { code?: unknown }).code !== "ECONNREFUSED" || this.ending) return false;
    this.#reviving ??= revive().finally(() => (this.#reviving = undefined));
    await this.#reviving;
    return true;
  }
}

function clientWith({ connectionTimeoutMillis }: pg.ClientConfig): new () => pg.ClientBase {
  return class extends pg.Client {
    constructor(config?: pg.ClientConfig) {
      // The pool hides the password from being listed.
      super({ ...config, password: config?.password, connectionTimeoutMillis });
    }
  };
}
