import { Parser } from "htmlparser2";

/** Browsers look no further than 1 kB; some pages have a longer beginning. */
const SEARCHED_BYTES = 4_096;

/** The encoding that a page declares: in `<meta charset>`, `<meta http-equiv>`, or the declaration of XML. */
export function declaredEncoding(bytes: Uint8Array): string | undefined {
  const head = Buffer.from(bytes.subarray(0, SEARCHED_BYTES)).toString("latin1");
  const xml = /^\s*<\?xml\s[^>]*?\bencoding\s*=\s*["']([\w.:-]+)["']/i.exec(head)?.[1];
  const label = xml ?? metaCharset(head);
  // A declaration that was readable as single bytes cannot be in UTF-16.
  return label !== undefined && /^\s*utf-?16/i.test(label) ? "utf-8" : label;
}

function metaCharset(head: string): string | undefined {
  let found: string | undefined;
  const parser = new Parser({
    onopentag(name, { charset, content = "", "http-equiv": equivalent = "" }) {
      if (name !== "meta") return;
      const inContent = equivalent.toLowerCase() === "content-type" ? CHARSET.exec(content)?.[1] : undefined;
      found ??= charset ?? inContent;
    },
  });
  parser.end(head);
  return found;
}

const CHARSET = /charset\s*=\s*["']?\s*([^\s"';]+)/i;
