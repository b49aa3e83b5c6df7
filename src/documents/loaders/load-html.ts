import { setImmediate as nextTurn } from "node:timers/promises";
import { MillraceError } from "../../core/errors.ts";
import { storableText } from "../../core/text.ts";
import { HtmlReader } from "../html/html-reader.ts";
import type { LoadedDocument } from "./loaded-document.ts";

const PIECE_LENGTH = 64 * 1024;
/** A browser shows 50 MB within seconds; what takes longer was made to. */
const MAX_READING_MS = 60_000;

/** HTML as readable text; the title is the page's `<title>`, else its first `<h1>`, else its first heading. */
export async function loadHtml(html: string): Promise<LoadedDocument> {
  const reader = new HtmlReader(html);
  let spent = 0;
  for (let start = 0; start < html.length; start += PIECE_LENGTH) {
    const began = performance.now();
    reader.read(start, start + PIECE_LENGTH);
    spent += performance.now() - began;
    if (spent > MAX_READING_MS)
      throw new MillraceError("HTML_INVALID", `Reading the HTML took longer than ${MAX_READING_MS / 1_000} s.`, {
        hint: "Simplify the page, or exclude it.",
      });
    if (start + PIECE_LENGTH < html.length) await nextTurn();
  }
  const { text, title } = reader.finish();
  return { title, content: storableText(text), contentType: "text/html", metadata: {} };
}
