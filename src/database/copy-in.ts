import type { Socket } from "node:net";
import type pg from "pg";
import { type DatabaseClient, quoteName } from "./connect.ts";

/** Where lines go. */
export interface CopyTarget {
  /** SQL text of the table, quoted. */
  readonly into: string;
  readonly columns: readonly string[];
}

// What the socket may still have to pass on: enough for the server to be busy while the next rows are encoded.
const MAX_UNSENT_BYTES = 1024 * 1024;

/** A `COPY … FROM STDIN` that takes messages until it is finished; the connection stays usable after an error. */
export class CopyIn {
  readonly #copy: CopyQuery;
  readonly #stream: Socket;

  private constructor(copy: CopyQuery, stream: Socket) {
    this.#copy = copy;
    this.#stream = stream;
  }

  /** Resolves when the server is ready for data. */
  static async open(client: DatabaseClient, { into, columns }: CopyTarget): Promise<CopyIn> {
    const copy = new CopyQuery(`copy ${into} (${columns.map(quoteName).join(", ")}) from stdin`);
    client.query(copy);
    return new CopyIn(copy, (await copy.started).stream);
  }

  /** True when the server accepts no more: it has refused something, or is gone. `finish` reports which. */
  get hasEnded(): boolean {
    return this.#copy.hasEnded;
  }

  /** Sends a whole message and resolves when the next may follow; `onSent` is called when its bytes can be reused. */
  async send(message: Buffer, onSent?: () => void): Promise<void> {
    this.#stream.write(message, onSent);
    if (this.#stream.writableLength > MAX_UNSENT_BYTES) await Promise.race([drained(this.#stream), this.#copy.ended]);
    // A drain can come in the same turn; without this nothing else would run while a large copy does.
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** Ends the data; throws the server's error as it is. */
  async finish(): Promise<void> {
    this.#copy.finish();
    await this.#copy.finished;
  }

  /** Makes the server take nothing. */
  async abort(): Promise<void> {
    this.#copy.fail("producing the rows failed");
    await this.#copy.ended;
  }
}

function drained(stream: Socket): Promise<void> {
  return new Promise((resolve) => stream.once("drain", resolve));
}

interface CopyConnection {
  readonly stream: Socket;
  query(text: string): void;
  sendCopyFail(message: string): void;
  endCopyFrom(): void;
}

interface Settle<Value> {
  resolve(value: Value): void;
  reject(error: Error): void;
}

function settleable<Value>(): [Promise<Value>, Settle<Value>] {
  let settle: Settle<Value> | undefined;
  const promise = new Promise<Value>((resolve, reject) => (settle = { resolve, reject }));
  return [promise, settle as unknown as Settle<Value>];
}

/** A `COPY … FROM STDIN` as the driver's queue sees it; the driver calls these methods. */
class CopyQuery implements pg.Submittable {
  readonly #text: string;
  readonly #onStart: Settle<CopyConnection>;
  readonly #onFinish: Settle<void>;
  #connection: CopyConnection | undefined;
  /** The server is ready for data. */
  readonly started: Promise<CopyConnection>;
  /** The server has taken everything, or has refused. */
  readonly finished: Promise<void>;
  /** Like `finished`, without an error. */
  readonly ended: Promise<void>;
  hasEnded = false;

  constructor(text: string) {
    this.#text = text;
    [this.started, this.#onStart] = settleable<CopyConnection>();
    [this.finished, this.#onFinish] = settleable<void>();
    this.ended = this.finished.catch(() => undefined);
    this.started.catch(() => undefined);
  }

  // After an error the server ignores what still comes, so that a late message does no harm.
  finish(): void {
    if (!this.hasEnded) this.#connection?.endCopyFrom();
  }

  fail(reason: string): void {
    if (!this.hasEnded) this.#connection?.sendCopyFail(reason);
  }

  submit(connection: pg.Connection): void {
    this.#connection = connection as unknown as CopyConnection;
    this.#connection.query(this.#text);
  }

  handleCopyInResponse(connection: CopyConnection): void {
    this.#onStart.resolve(connection);
  }

  handleError(error: Error): void {
    this.hasEnded = true;
    this.#onStart.reject(error);
    this.#onFinish.reject(error);
  }

  handleReadyForQuery(): void {
    this.hasEnded = true;
    this.#onFinish.resolve();
  }

  handleCommandComplete(): void {}
  handleRowDescription(): void {}
  handleDataRow(): void {}
  handlePortalSuspended(): void {}
  handleEmptyQuery(): void {}
  handleCopyData(): void {}
}
