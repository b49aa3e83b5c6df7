import { createLogUpdate } from "log-update";
import type { Output } from "../output.ts";

const HIDE_CURSOR = "\u001B[?25l";
const SHOW_CURSOR = "\u001B[?25h";

type Write = NodeJS.WriteStream["write"];

/** Lines at the bottom of a terminal that are drawn over again and again; everything else scrolls above them. */
export class LiveArea {
  readonly #write: (text: string) => unknown;
  readonly #draw: ReturnType<typeof createLogUpdate>;
  readonly #release: () => void;
  #lines: readonly string[] = [];
  #isOpen = true;

  constructor(output: Output) {
    // What a model prints with console.log would tear the lines apart; it goes above them instead.
    const streams = output === process.stdout ? [process.stdout, process.stderr] : [];
    // oxlint-disable-next-line typescript/unbound-method -- every call names its stream
    const originals = new Map(streams.map((stream) => [stream, stream.write]));
    const original = originals.get(process.stdout);
    this.#write = original === undefined ? (text) => output.write(text) : (text) => original.call(process.stdout, text);
    const terminal = {
      write: this.#write,
      get columns() {
        return output.columns;
      },
      get rows() {
        return output.rows;
      },
    };
    this.#draw = createLogUpdate(terminal as unknown as NodeJS.WritableStream, { showCursor: true });
    for (const [stream, write] of originals) stream.write = this.#intercept(stream, write);
    const showCursor = () => void this.#write(SHOW_CURSOR);
    process.once("exit", showCursor);
    this.#release = () => {
      for (const [stream, write] of originals) stream.write = write;
      process.removeListener("exit", showCursor);
      showCursor();
    };
    this.#write(HIDE_CURSOR);
  }

  draw(lines: readonly string[]): void {
    this.#lines = lines;
    this.#draw(lines.join("\n"));
  }

  /** Prints lines that stay, above the drawn ones. */
  print(lines: readonly string[]): void {
    this.#draw.clear();
    if (lines.length > 0) this.#write(`${lines.join("\n")}\n`);
    this.#draw(this.#lines.join("\n"));
  }

  /** Removes the drawn lines and hands the terminal back. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#draw.clear();
    this.#draw.done();
    this.#release();
  }

  #intercept(stream: NodeJS.WriteStream, write: Write): Write {
    return ((...given: Parameters<Write>) => {
      this.#draw.clear();
      const isFlushed = write.apply(stream, given);
      const [chunk] = given;
      // An unfinished line would be drawn over.
      if (typeof chunk === "string" && !chunk.endsWith("\n")) this.#write("\n");
      this.#draw(this.#lines.join("\n"));
      return isFlushed;
    }) as Write;
  }
}
