import { createPalette, type Palette, widthOf } from "../display/output.ts";

/** Standard output as the commands use it: with the colours and width of its reader. */
export interface Printer {
  readonly colors: Palette;
  readonly width: number;
  readonly lines: (lines: readonly string[]) => void;
  /** Advice, which is not data: to standard error where a program reads standard output. */
  readonly aside: (line: string) => void;
}

export function createPrinter(): Printer {
  const colors = createPalette(process.stdout);
  return {
    colors,
    width: widthOf(process.stdout),
    lines: (lines) => void process.stdout.write(lines.map((line) => `${line}\n`).join("")),
    aside: (line) => void (process.stdout.isTTY ? process.stdout : process.stderr).write(`${line}\n`),
  };
}

export function printJson(value: unknown): void {
  process.stdout.write(
    `${JSON.stringify(value, (_key, member: unknown) => (typeof member === "bigint" ? member.toString() : member), 2)}\n`,
  );
}
