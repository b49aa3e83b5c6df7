import type { ErrorCode } from "../core/error-codes.ts";
import { errorToJson } from "../core/errors.ts";
import type { DocumentFailure, DocumentRecord, SyncItem } from "./record/document-record.ts";
import { documentId, fileUri, recordUri } from "./record/document-id.ts";
import type { FoundSource } from "./find-documents.ts";
import { fileFormat, loadDocument, unreadable } from "./loaders/load-document.ts";
import { contentHash, type LoadedDocument } from "./loaders/loaded-document.ts";
import { type JsonlLine, parseJsonlLine, readJsonlLines } from "./loaders/load-jsonl.ts";
import { loadUrl } from "./loaders/load-url.ts";

const READ_AHEAD = 8;
const BROKEN_LINES_LISTED = 20;

interface ReadOptions {
  readonly sources: readonly FoundSource[];
  /** Ids of pages whose text is in the table already; they are not fetched again. */
  readonly fetched: ReadonlySet<string>;
  readonly signal?: AbortSignal | undefined;
  /** What is kept of the entries that led to a document. */
  readonly originsOf: (entries: readonly string[]) => readonly string[];
}

/** Reads sources a few ahead, in their order; one that is broken becomes a failure, never an exception. */
export async function* readSources({ sources, fetched, originsOf, signal }: ReadOptions): AsyncGenerator<SyncItem> {
  const ahead: Promise<AsyncIterable<SyncItem> | readonly SyncItem[]>[] = [];
  let next = 0;
  while (next < sources.length || ahead.length > 0) {
    for (let source = sources[next]; source !== undefined && ahead.length < READ_AHEAD; source = sources[++next]) {
      ahead.push(read(source, originsOf(source.entries), { fetched, signal }));
    }
    const first = await ahead.shift();
    if (first !== undefined) yield* first;
  }
}

async function read(
  source: FoundSource,
  origins: readonly string[],
  { fetched, signal }: Pick<ReadOptions, "fetched" | "signal">,
) {
  if (source.kind === "url") {
    const place = { id: documentId(source.url), sourceUrl: source.url, path: null, origins };
    if (fetched.has(place.id)) return [item({ ...blank, ...place, status: "kept" })];
    return readOne(
      place,
      () => loadUrl(source.address, signal),
      (loaded) => loaded.content,
    );
  }
  if (source.problem !== undefined) {
    const { code, message } = source.problem;
    const place = { id: documentId(fileUri(source.path)), sourceUrl: fileUri(source.path), path: source.path, origins };
    return [item({ ...blank, ...place, status: "failed", errorCode: code, error: message })];
  }
  // Opened only when its turn comes, and then a line at a time.
  if (fileFormat(source.file) === "jsonl") return readRecords(source, origins);
  const place = { id: documentId(fileUri(source.path)), sourceUrl: fileUri(source.path), path: source.path, origins };
  return readOne(
    place,
    () => loadDocument(source.file),
    () => null,
  );
}

type Place = Pick<DocumentRecord, "id" | "sourceUrl" | "path" | "origins">;

const blank = {
  title: null,
  contentType: "text/plain",
  contentHash: null,
  content: null,
  metadata: {},
  errorCode: null,
  error: null,
} as const;

async function readOne(
  place: Place,
  load: () => Promise<LoadedDocument>,
  storedContent: (loaded: LoadedDocument) => string | null,
): Promise<SyncItem[]> {
  try {
    const loaded = await load();
    return [item(readyRecord(place, loaded, storedContent(loaded)))];
  } catch (error) {
    const { code, message } = errorToJson(error);
    return [item({ ...blank, ...place, status: "failed", errorCode: code, error: message })];
  }
}

function readyRecord(place: Place, loaded: LoadedDocument, content: string | null): DocumentRecord {
  const { title, contentType, metadata } = loaded;
  return {
    ...blank,
    ...place,
    status: "ready",
    title,
    contentType,
    metadata,
    content,
    contentHash: contentHash(loaded),
  };
}

async function* readRecords(
  source: FoundSource & { kind: "file" },
  origins: readonly string[],
): AsyncGenerator<SyncItem> {
  const { path } = source;
  const failed = (failure: DocumentFailure): SyncItem => ({ kind: "failure", failure, incompletePath: path });
  let brokenLines = 0;
  try {
    for await (const line of readJsonlLines(source.file)) {
      try {
        const record = readRecord(line, path, origins);
        if (record !== undefined) yield item(record, `${path}:${line.number}`);
      } catch (error) {
        brokenLines += 1;
        const { code, message } = errorToJson(error);
        if (brokenLines <= BROKEN_LINES_LISTED) yield failed({ path: `${path}:${line.number}`, code, message });
      }
    }
  } catch (error) {
    const { code, message } = errorToJson(unreadable(error));
    yield failed({ path, code, message });
  }
  const unlisted = brokenLines - BROKEN_LINES_LISTED;
  if (unlisted <= 0) return;
  const code: ErrorCode = "RECORD_INVALID";
  yield failed({ path, code, message: `${unlisted} more lines cannot be read.` });
}

function readRecord(line: JsonlLine, path: string, origins: readonly string[]): DocumentRecord | undefined {
  const record = parseJsonlLine(line);
  if (record === undefined) return undefined;
  const uri = recordUri({ path, recordId: record.recordId, line: record.line });
  const place = { id: documentId(uri), sourceUrl: record.url ?? uri, path, origins };
  return readyRecord(place, record.document, record.document.content);
}

function item(record: DocumentRecord, place = record.path ?? record.sourceUrl): SyncItem {
  return { kind: "document", record, place };
}
