import type { Socket } from "node:net";
import type pg from "pg";
import { type DatabaseClient, quoteName } from "./connect.ts";

const CHUNK_BYTES = 256 * 1024;

export interface CopyOptions {
  /** SQL text of the table, quoted. */
  readonly into: string;
  readonly columns: readonly string[];
  /** Lines in the text format of `COPY`, without newlines. */
  readonly lines: Iterable<string> | AsyncIterable<string>;
}

/**
 * Streams lines into a table with `COPY` and returns how many there were. An error of the server is thrown as it is;
 * when `lines` throws, the server takes nothing. The connection stays usable after both.
 */
export async function copyLines(client: DatabaseClient, { into, columns, lines }: CopyOptions): Promise<number> {
  const copy = new CopyIn(`copy ${into} (${columns.map(quoteName).join(", ")}) from stdin`);
  client.query(copy);
  const { stream } = await copy.started;
  let chunk = new CopyChunk();
  let rows = 0;

  const send = async (message: Buffer): Promise<void> => {
    const hasRoom = stream.write(message);
    if (!hasRoom) await Promise.race([drained(stream), copy.ended]);
    // A drain can come in the same turn; without this nothing else would run while a large copy does.
    await new Promise((resolve) => setImmediate(resolve));
  };
  const addToNext = async (line: string): Promise<void> => {
    if (!chunk.isEmpty) await send(chunk.finish());
    chunk = new CopyChunk(line.length);
    chunk.add(line);
  };

  try {
    // Awaiting each line of a plain iterable would cost more than encoding it.
    if (Symbol.iterator in lines) {
      for (const line of lines) {
        if (!chunk.add(line)) await addToNext(line);
        rows += 1;
        if (copy.hasEnded) break;
      }
    } else {
      for await (const line of lines) {
        if (!chunk.add(line)) await addToNext(line);
        rows += 1;
        if (copy.hasEnded) break;
      }
    }
    if (!chunk.isEmpty && !copy.hasEnded) await send(chunk.finish());
  } catch (error) {
    copy.fail("the rows could not be produced");
    await copy.ended;
    throw error;
  }
  copy.finish();
  await copy.finished;
  return rows;
}

const HEADER_BYTES = 5;
const MOST_BYTES_PER_CHARACTER = 3;

/** Lines as one CopyData message, written straight into its bytes: joining them first would copy everything twice. */
class CopyChunk {
  readonly #bytes: Buffer;
  #length = HEADER_BYTES;

  constructor(firstLine = 0) {
    this.#bytes = Buffer.allocUnsafe(Math.max(CHUNK_BYTES, HEADER_BYTES + firstLine * MOST_BYTES_PER_CHARACTER + 1));
  }

  get isEmpty(): boolean {
    return this.#length === HEADER_BYTES;
  }

  /** False when the line may not fit any more. */
  add(line: string): boolean {
    if (this.#length + line.length * MOST_BYTES_PER_CHARACTER >= this.#bytes.length) return false;
    this.#length += this.#bytes.write(line, this.#length);
    this.#bytes[this.#length] = 0x0a;
    this.#length += 1;
    return true;
  }

  finish(): Buffer {
    this.#bytes[0] = 0x64;
    this.#bytes.writeUInt32BE(this.#length - 1, 1);
    return this.#bytes.subarray(0, this.#length);
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
class CopyIn implements pg.Submittable {
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
