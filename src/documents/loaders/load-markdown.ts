import { storableText } from "../../core/text.ts";
import { tidyTitle } from "./clean-value.ts";
import { splitFrontMatter } from "./front-matter.ts";
import type { LoadedDocument } from "./loaded-document.ts";

/** Markdown: front matter becomes metadata; the title is its `title`, else the first heading. */
export function loadMarkdown(text: string): LoadedDocument {
  const { metadata, title = "", content: body } = splitFrontMatter(text);
  const content = storableText(body);
  return { title: tidyTitle(title) ?? firstHeading(content), content, contentType: "text/markdown", metadata };
}

/** Text of the first heading outside code fences and comments. */
function firstHeading(content: string): string | null {
  let fence: string | undefined;
  let isComment = false;
  let previous = "";
  for (const line of lines(content)) {
    const isInside = fence !== undefined || isComment;
    const marker = /^ {0,3}(`{3,}|~{3,})/.exec(line)?.[1];
    if (marker !== undefined && !isComment) {
      if (fence === undefined) fence = marker;
      else if (marker.startsWith(fence)) fence = undefined;
    }
    if (fence === undefined)
      isComment = isComment ? !line.includes("-->") : line.includes("<!--") && !line.includes("-->");
    if (isInside || marker !== undefined) {
      previous = "";
      continue;
    }
    const heading = /^ {0,3}#{1,6}[ \t]+(.*)$/.exec(line)?.[1];
    const isUnderlined = /^ {0,3}=+[ \t]*$/.test(line) && previous.trim() !== "";
    const title = heading === undefined && !isUnderlined ? null : plainTitle(heading ?? previous);
    if (title !== null) return title;
    previous = line;
  }
  return null;
}

function plainTitle(heading: string): string | null {
  const text = heading.replace(/[ \t]+#+[ \t]*$/, "").replace(/!?\[([^\][]*)\]\([^()]*\)/g, "$1");
  return tidyTitle(text.replace(/[`*]/g, ""));
}

// A line is cut where no title would be as long: a 2 MB line must not be searched by several patterns.
function* lines(content: string): Generator<string> {
  for (let start = 0; start < content.length;) {
    const end = content.indexOf("\n", start);
    const stop = end === -1 ? content.length : end;
    yield content.slice(start, Math.min(stop, start + 1_000)).replace(/\r$/, "");
    start = stop + 1;
  }
}
