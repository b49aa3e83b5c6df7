import { storableText } from "../../core/text.ts";
import { tidyTitle } from "../record/clean-value.ts";
import { firstHeading } from "./first-heading.ts";
import { splitFrontMatter } from "./front-matter.ts";
import type { LoadedDocument } from "./loaded-document.ts";

/** Markdown: front matter becomes metadata; the title is its `title`, else the first heading. */
export function loadMarkdown(text: string): LoadedDocument {
  const { metadata, title = "", content: body } = splitFrontMatter(text);
  const content = storableText(body);
  return { title: tidyTitle(title) ?? firstHeading(content), content, contentType: "text/markdown", metadata };
}
