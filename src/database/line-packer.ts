const MESSAGE_BYTES = 256 * 1024;
const HEADER_BYTES = 5;
const MAX_BYTES_PER_CHARACTER = 3;
const MAX_SPARE = 8;

/**
 * Packs lines into CopyData messages, written straight into their bytes: joining them first would copy everything
 * twice. Bytes of sent messages are used again, so that a long stream leaves nothing for the garbage collector.
 */
export class LinePacker {
  readonly #spare: ArrayBufferLike[] = [];
  #bytes: Buffer = Buffer.allocUnsafeSlow(0);
  #length = HEADER_BYTES;

  /** Adds a line. Returns the message before it when that is full. */
  add(line: string): Buffer | undefined {
    const mostBytes = line.length * MAX_BYTES_PER_CHARACTER + 1;
    let full: Buffer | undefined;
    if (this.#length + mostBytes > this.#bytes.length) {
      full = this.take();
      this.#bytes = this.#findRoom(HEADER_BYTES + mostBytes);
    }
    this.#length += this.#bytes.write(line, this.#length);
    this.#bytes[this.#length] = 0x0a;
    this.#length += 1;
    return full;
  }

  /** The message of the lines that have gathered, if any. */
  take(): Buffer | undefined {
    if (this.#length === HEADER_BYTES) return undefined;
    const message = this.#bytes.subarray(0, this.#length);
    message[0] = 0x64;
    message.writeUInt32BE(this.#length - 1, 1);
    this.#bytes = Buffer.allocUnsafeSlow(0);
    this.#length = HEADER_BYTES;
    return message;
  }

  /** Takes back a message that has been sent. */
  recycle({ buffer }: Buffer): void {
    if (buffer.byteLength === MESSAGE_BYTES && this.#spare.length < MAX_SPARE) this.#spare.push(buffer);
  }

  #findRoom(bytes: number): Buffer {
    if (bytes > MESSAGE_BYTES) return Buffer.allocUnsafeSlow(bytes);
    const spare = this.#spare.pop();
    return spare === undefined ? Buffer.allocUnsafeSlow(MESSAGE_BYTES) : Buffer.from(spare);
  }
}
