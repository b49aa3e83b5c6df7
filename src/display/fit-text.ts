import { stripVTControlCharacters } from "node:util";
import stringWidth from "string-width";

const segmenter = new Intl.Segmenter();

// Segmenting a text takes time with the square of its length: 15 s for 100 kB at once, 0.1 s in pieces of this size.
const PIECE_LENGTH = 1_000;
const PLAIN = /^[\x20-\x7e]*$/;

function* piecesOf(text: string): Generator<string> {
  for (let start = 0; start < text.length; start += PIECE_LENGTH) yield text.slice(start, start + PIECE_LENGTH);
}

/** Columns that a text takes on a terminal; colours take none. */
export function textWidth(text: string): number {
  if (PLAIN.test(text)) return text.length;
  if (text.length <= PIECE_LENGTH) return stringWidth(text);
  let width = 0;
  for (const piece of piecesOf(stripVTControlCharacters(text))) width += stringWidth(piece);
  return width;
}

/** At most `width` columns of a text without colours; what is missing shows as `…`. */
export function cutText(text: string, width: number): string {
  // Most texts are short and plain, and measuring is what a display spends its time on.
  if (text.length * 2 <= width) return text;
  if (text.length <= PIECE_LENGTH && textWidth(text) <= width) return text;
  let fitting = 0;
  let end = 0;
  let used = 0;
  for (const piece of piecesOf(text)) {
    for (const { segment } of segmenter.segment(piece)) {
      used += stringWidth(segment);
      if (used > width) return width < 1 ? "" : `${text.slice(0, fitting)}…`;
      end += segment.length;
      if (used < width) fitting = end;
    }
  }
  return text;
}

/** A model's name in `width` columns: its namespace is cut first, because the end distinguishes models. */
export function cutName(name: string, width: number): string {
  if (textWidth(name) <= width) return name;
  return cutText(name.slice(name.lastIndexOf(".") + 1), width);
}

/** Fills up to `width` columns; colours do not count. */
export function padText(text: string, width: number, align: "left" | "right" = "left"): string {
  const missing = Math.max(0, width - textWidth(text));
  return align === "left" ? text + " ".repeat(missing) : " ".repeat(missing) + text;
}

const NAMED_ESCAPES: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** Data may hold sequences that steer a terminal; they are shown instead of obeyed. */
export function escapeControls(text: string, options: { readonly keepNewlines?: boolean } = {}): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what this looks for
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, (character) => {
    if (character === "\n" && options.keepNewlines === true) return character;
    return NAMED_ESCAPES[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

// Less of a sentence than this says nothing.
const LEAST_PART = 16;

/** As many parts as fit into `width`, the most important first; the first is cut rather than left out. */
export function fitParts(parts: readonly string[], width: number, separator = " · "): readonly string[] {
  const fitting: string[] = [];
  let used = 0;
  for (const part of parts) {
    const size = textWidth(part) + (fitting.length === 0 ? 0 : textWidth(separator));
    if (used + size > width) {
      const room = width - used - textWidth(separator);
      if (fitting.length > 0 && room >= LEAST_PART) fitting.push(cutText(part, room));
      break;
    }
    fitting.push(part);
    used += size;
  }
  const [first] = parts;
  return fitting.length === 0 && first !== undefined ? [cutText(first, width)] : fitting;
}

/** Words in lines of at most `width` columns. */
export function wrapText(text: string, width: number): readonly string[] {
  if (!Number.isFinite(width)) return text.split("\n");
  return text.split("\n").flatMap((paragraph) => {
    const indent = /^ */.exec(paragraph)?.[0] ?? "";
    const [first = "", ...words] = paragraph.slice(indent.length).split(" ");
    const lines: string[] = [];
    let line = indent + first;
    let used = textWidth(line);
    for (const word of words) {
      const size = textWidth(word);
      if (used + 1 + size > width) {
        lines.push(line);
        line = indent + word;
        used = indent.length + size;
      } else {
        line = `${line} ${word}`;
        used += 1 + size;
      }
    }
    return [...lines, line];
  });
}

/** How wide prose is set: not beyond what reads well, and unbroken where no terminal reads it. */
export function proseWidth(width: number, indent: number): number {
  return Number.isFinite(width) ? Math.max(20, Math.min(width, 120) - indent) : width;
}
