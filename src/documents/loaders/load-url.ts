import { storableText } from "../../core/text.ts";
import { MillraceError } from "../../core/errors.ts";
import type { LoadedDocument } from "./loaded-document.ts";
import { publicUrl } from "../record/public-url.ts";
import { fetchPage, unreachable } from "./fetch-page.ts";
import { decodeDocument } from "./decode-document.ts";
import { loadMarkdown } from "./load-markdown.ts";

const MAX_BYTES = 64 * 1024 * 1024;

/** Fetches one page; anything but a readable text is an error that names the status, never an empty document. */
export async function loadUrl(url: string, signal?: AbortSignal): Promise<LoadedDocument> {
  const response = await fetchPage(url, signal);
  const [mediaType = "", ...parameters] = (response.headers.get("content-type") ?? "text/plain")
    .toLowerCase()
    .split(";");
  const type = mediaType.trim();
  const isText = type.startsWith("text/") || /^application\/(xhtml\+xml|json|.*\+json|xml)$/.test(type);
  if (!isText)
    throw new MillraceError(
      "DOCUMENT_NOT_TEXT",
      `The address answered with ${type || "an unnamed type"}, not with text.`,
    );
  const charset = parameters
    .map((parameter) => /^\s*charset="?([^"\s]+)/.exec(parameter)?.[1])
    .find((value) => value !== undefined);
  const bytes = await readBody(response);
  if (type.includes("html")) {
    const { declaredEncoding } = await import("../html/declared-encoding.ts");
    const text = decodeDocument(bytes, { declared: [charset, declaredEncoding(bytes)] }, "page");
    return withTitle(await (await import("./load-html.ts")).loadHtml(text), url);
  }
  const text = decodeDocument(bytes, { declared: [charset] }, "page");
  const isMarkdown = type === "text/markdown" || /\.(md|markdown|mdx)$/i.test(new URL(url).pathname);
  return withTitle(isMarkdown ? loadMarkdown(text) : plain(text), url);
}

const withTitle = (loaded: LoadedDocument, url: string): LoadedDocument => ({
  ...loaded,
  title: loaded.title ?? publicUrl(url),
});

async function readBody(response: Response): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const part of (response.body ?? []) as AsyncIterable<Uint8Array>) {
      size += part.length;
      if (size > MAX_BYTES) break;
      parts.push(part);
    }
  } catch (cause) {
    throw unreachable("stopped answering", cause);
  }
  if (size > MAX_BYTES)
    throw new MillraceError("DOCUMENT_TOO_LARGE", `The page is larger than ${MAX_BYTES / 1024 / 1024} MB.`);
  return Buffer.concat(parts);
}

function plain(text: string): LoadedDocument {
  return { title: null, content: storableText(text), contentType: "text/plain", metadata: {} };
}
