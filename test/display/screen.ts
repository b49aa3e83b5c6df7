import type { Output } from "../../src/display/output.ts";

/** A terminal without a terminal: keeps what would be on the screen, scrolled lines included. */
export class Screen implements Output {
  readonly isTTY = true;
  readonly columns: number;
  readonly rows: number;
  isCursorShown = true;
  #lines: string[] = [""];
  #row = 0;
  #column = 0;

  constructor(size: { readonly columns?: number; readonly rows?: number } = {}) {
    this.columns = size.columns ?? 80;
    this.rows = size.rows ?? 24;
  }

  write(text: string): void {
    // oxlint-disable-next-line no-control-regex -- terminal sequences are what this reads
    for (const [token] of text.matchAll(/\u001B\[\??\d*[A-Za-z]|[^\u001B]/gsu)) this.#apply(token);
  }

  get text(): string {
    return this.#lines.map((line) => line.trimEnd()).join("\n");
  }

  #apply(token: string): void {
    if (token === "\n") {
      this.#row += 1;
      this.#column = 0;
      this.#lines[this.#row] ??= "";
    } else if (token === "\u001B[2K") this.#lines[this.#row] = "";
    else if (token === "\u001B[1A") this.#row = Math.max(0, this.#row - 1);
    else if (token === "\u001B[G") this.#column = 0;
    else if (token === "\u001B[?25l") this.isCursorShown = false;
    else if (token === "\u001B[?25h") this.isCursorShown = true;
    else if (token.startsWith("\u001B")) throw new Error(`unknown sequence ${JSON.stringify(token)}`);
    else {
      const line = this.#lines[this.#row] ?? "";
      this.#lines[this.#row] = line.slice(0, this.#column).padEnd(this.#column) + token + line.slice(this.#column + 1);
      this.#column += 1;
    }
  }
}
