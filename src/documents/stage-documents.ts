import { exactJson } from "../core/json.ts";
import type { DatabaseClient } from "../database/connect.ts";
import type { DocumentRecord } from "./record/document-record.ts";

const COLUMNS = {
  id: ["id", "text"],
  title: ["title", "text"],
  sourceUrl: ["source_url", "text"],
  path: ["path", "text"],
  contentType: ["content_type", "text"],
  status: ["status", "text"],
  contentHash: ["content_hash", "text"],
  content: ["content", "text"],
  metadata: ["metadata", "jsonb"],
  errorCode: ["error_code", "text"],
  error: ["error", "text"],
  origins: ["origins", "text[]"],
} as const satisfies Record<keyof DocumentRecord, readonly [name: string, type: string]>;

const names = Object.values(COLUMNS).map(([name]) => name);
const list = names.join(", ");
const typed = Object.values(COLUMNS)
  .map(([name, type]) => `${name} ${type}`)
  .join(", ");

/** What a sync may change of a row; `origins` are kept apart, since they are not about the document. */
const CONTENTS = names.filter((name) => name !== "id" && name !== "origins");
const differs = (a: string, b: string) => {
  const row = (alias: string) => `(${CONTENTS.map((name) => `${alias}.${name}`).join(", ")})`;
  return `${row(a)} is distinct from ${row(b)}`;
};

const ROWS_AT_ONCE = 500;
const CHARACTERS_AT_ONCE = 8 * 1024 * 1024;

/** Collects what one sync saw in a temporary table; the documents change only when `applyDocumentStage` is called. */
export class DocumentStage {
  readonly #client: DatabaseClient;
  #waiting: string[] = [];
  #size = 0;

  private constructor(client: DatabaseClient) {
    this.#client = client;
  }

  static async create(client: DatabaseClient): Promise<DocumentStage> {
    await client.query(`create temp table document_stage (${typed}) on commit drop`);
    return new DocumentStage(client);
  }

  async add(record: DocumentRecord): Promise<void> {
    const keys = Object.keys(COLUMNS) as (keyof DocumentRecord)[];
    const row = exactJson(Object.fromEntries(keys.map((key) => [COLUMNS[key][0], record[key]])));
    this.#waiting.push(row);
    this.#size += row.length;
    if (this.#waiting.length >= ROWS_AT_ONCE || this.#size >= CHARACTERS_AT_ONCE) await this.#flush();
  }

  /** Call once after the last `add`: the comparisons that follow need to know how large the stage is. */
  async finish(): Promise<void> {
    await this.#flush();
    await this.#client.query("analyze document_stage (id, status)");
  }

  async #flush(): Promise<void> {
    if (this.#waiting.length === 0) return;
    const rows = `[${this.#waiting.join(",")}]`;
    this.#waiting = [];
    this.#size = 0;
    await this.#client.query(
      `insert into document_stage (${list}) select ${list} from json_to_recordset($1::json) as record(${typed})`,
      [rows],
    );
  }
}

export interface StageCounts {
  readonly added: number;
  readonly changed: number;
  readonly unchanged: number;
}

/** Makes the table match the stage; rows that are equal are not touched. */
export async function applyDocumentStage(client: DatabaseClient, documents: string, set: string): Promise<StageCounts> {
  await keepWhatIsKnown(client, documents);
  const { rows } = await client.query<{ kind: keyof StageCounts; count: number }>(
    `select case when d.content_hash is null then 'added' when ${differs("d", "s")} then 'changed' else 'unchanged' end as kind,
       count(*)::int as count
     from document_stage s left join ${documents} d using (id) where s.status = 'ready' group by 1`,
  );
  // Equal rows are left out beforehand: a conflict that changes nothing would still lock and log its row.
  await client.query(
    `insert into ${documents} (${list})
     select ${names.map((name) => `s.${name}`).join(", ")} from document_stage s left join ${documents} d using (id)
     where d.id is null or ${differs("d", "s")}
     on conflict (id) do update set updated_at = now(), ${CONTENTS.map((name) => `${name} = excluded.${name}`).join(", ")}`,
  );
  // Sets other than this one keep their claim to a document.
  await client.query(
    `with wanted as (
       select d.id, array(
         select origin from unnest(d.origins) origin where not starts_with(origin, $1)
         union select unnest(s.origins) order by 1
       ) as origins
       from ${documents} d join document_stage s using (id)
     )
     update ${documents} d set origins = wanted.origins from wanted
     where d.id = wanted.id and d.origins is distinct from wanted.origins`,
    [set],
  );
  const counts = Object.fromEntries(rows.map(({ kind, count }) => [kind, count]));
  return { added: 0, changed: 0, unchanged: 0, ...counts };
}

// A document that cannot be read now keeps its hash, or everything made of it would be deleted downstream.
async function keepWhatIsKnown(client: DatabaseClient, documents: string): Promise<void> {
  const known = ["title", "content_type", "content_hash", "content", "metadata"];
  const copy = (columns: readonly string[]) => columns.map((name) => `${name} = d.${name}`).join(", ");
  await client.query(
    `update document_stage s set ${copy(known)} from ${documents} d where d.id = s.id and s.status = 'failed'`,
  );
  await client.query(
    `update document_stage s set ${copy([...known, "source_url", "path", "status", "error_code", "error"])}
     from ${documents} d where d.id = s.id and s.status = 'kept'`,
  );
}
