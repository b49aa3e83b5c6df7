/** A document as models see it. */
export interface DocumentRow {
  /** Short hash of the document's URI, the same in every rebuild. */
  readonly id: string;
  readonly title: string | null;
  /** Relative to the project folder; a JSONL record has the path of its file, a web page has none. */
  readonly path: string | null;
  /** The web address; for files the path; for JSONL records without an address `file#record`. */
  readonly sourceUrl: string;
  readonly contentType: string;
  /** Changes whenever the text or the title does. */
  readonly contentHash: string;
  /** Front matter of Markdown, fields of JSONL. */
  readonly metadata: Readonly<Record<string, unknown>>;
}

export interface DocumentContentRow extends DocumentRow {
  /** The text without its front matter. */
  readonly content: string;
}
