interface LinePrefix {
  /** Written before the first line in place of `rest`, and only once. */
  first: string | undefined;
  readonly rest: string;
}

// A mail that quotes a mail that quotes a mail: deeper ones are not indented further, or lines would grow with depth.
const MAX_PREFIXES = 12;

const WIDE_SPACE = /[\t\n\r\f]|  /;
const WIDE_SPACES = /[ \t\n\r\f]+/g;

/** Puts text together as a browser lays it out: white space collapses, blocks are lines of their own. */
export class TextBuilder {
  readonly #parts: string[] = [];
  readonly #prefixes: LinePrefix[] = [];
  #deeper = 0;
  /** Line ends to write before the next text; those of preformatted text are not capped. */
  #breaks = 0;
  #rawBreaks = 0;
  #hasSpace = false;
  #rawIndent = "";
  #isAtLineStart = true;

  /** Text whose white space is one space. */
  write(text: string): void {
    const collapsed = WIDE_SPACE.test(text) ? text.replace(WIDE_SPACES, " ") : text;
    const [start, end] = [collapsed.startsWith(" ") ? 1 : 0, collapsed.length - (collapsed.endsWith(" ") ? 1 : 0)];
    if (start >= end) {
      this.#hasSpace ||= collapsed !== "";
      return;
    }
    this.#startText();
    if ((this.#hasSpace || start > 0) && !this.#isAtLineStart) this.#parts.push(" ");
    this.#push(collapsed.slice(start, end));
    this.#hasSpace = end < collapsed.length;
  }

  /** Text whose white space stays. */
  writeRaw(text: string): void {
    for (const [index, line] of text.split(/\r\n?|\n/).entries()) {
      if (index > 0) {
        this.#rawBreaks += 1;
        this.#rawIndent = "";
      }
      if (line.trim() === "") {
        this.#rawIndent += line;
        continue;
      }
      this.#startText();
      this.#push(this.#rawIndent + line);
      this.#rawIndent = "";
    }
  }

  /** Lines that have been put together elsewhere. */
  writeBlock(text: string): void {
    if (this.#prefixes.length > 0) return this.writeRaw(text);
    if (text === "") return;
    this.#startText();
    this.#push(text);
  }

  /** Ends the line, where anything is on it, and with 2 leaves a line free. */
  break(lines: 1 | 2): void {
    this.#breaks = Math.max(this.#breaks, lines);
    this.#hasSpace = false;
    this.#rawIndent = "";
  }

  breakLine(): void {
    this.break(this.#breaks === 0 ? 1 : 2);
  }

  /** Following lines begin with `rest`, the first one with `first`. */
  indent(first: string, rest: string): void {
    if (this.#prefixes.length < MAX_PREFIXES) this.#prefixes.push({ first, rest });
    else this.#deeper += 1;
  }

  outdent(): void {
    if (this.#deeper > 0) this.#deeper -= 1;
    else this.#prefixes.pop();
  }

  toString(): string {
    return this.#parts.join("");
  }

  #push(text: string): void {
    this.#parts.push(text);
    this.#isAtLineStart = false;
  }

  #startText(): void {
    const isFirst = this.#parts.length === 0;
    const breaks = isFirst ? 0 : Math.max(this.#breaks, this.#rawBreaks);
    this.#breaks = 0;
    this.#rawBreaks = 0;
    if (breaks === 0 && !isFirst) return;
    this.#isAtLineStart = true;
    this.#hasSpace = false;
    if (this.#prefixes.length === 0) {
      this.#parts.push("\n".repeat(breaks));
      return;
    }
    // A line before a block is not in the block.
    const around = this.#prefixes.filter(({ first }) => first === undefined).map(({ rest }) => rest);
    if (breaks > 0) this.#parts.push(`\n${around.join("").trimEnd()}`.repeat(breaks - 1), "\n");
    this.#parts.push(this.#prefixes.map((prefix) => prefix.first ?? prefix.rest).join(""));
    for (const prefix of this.#prefixes) prefix.first = undefined;
  }
}
