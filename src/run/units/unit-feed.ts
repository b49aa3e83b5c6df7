import { createHash } from "node:crypto";
import type { DatabaseClient } from "../../database/connect.ts";
import type { BoundSource } from "../../sources/bound-source.ts";
import type { Sql } from "../../database/sql-text.ts";
import { COPY, copyRowsSql, fetchMatchedSql, fetchUnitsSql, type UnitRange } from "./fetch-query.ts";
import type { UnitPlan } from "./unit-plan.ts";
import { type FoundWork, findWork, listGone, WORK } from "./unit-work.ts";

type Row = Record<string, unknown>;

/** One piece of work: the rows of a unit, and the fingerprint of just these rows. */
export interface Unit {
  readonly sourceKey: string;
  readonly documentId: string | null;
  readonly inputHash: Buffer;
  /** Fingerprint of the rows of matched sources; null without any. */
  readonly sideHash: Buffer | null;
  readonly key: Row;
  /** One row, or all rows of the group. */
  readonly rows: readonly Row[];
  /** Rows of matched sources that belong to this unit, by source name. */
  readonly matched: Readonly<Record<string, readonly Row[]>>;
}

const TARGET_BYTES = 4 * 1024 * 1024;
const FIRST_PIECE = 50;

/**
 * The units a model has to process, found in one query and read in pieces of a few megabytes. The list lives in a
 * temporary table of one connection, and so do their rows where every piece would look for them in the whole source; a
 * process that dies leaves nothing behind, and the next one queries again.
 */
export class UnitFeed {
  /** Units to be processed. */
  readonly total: number;
  /** Keys of units that are gone from the source. */
  readonly gone: readonly string[];
  /** Groups that wait for members. */
  readonly waiting: number;
  readonly #client: DatabaseClient;
  readonly #plan: UnitPlan;
  readonly #isCopied: boolean;

  private constructor(
    client: DatabaseClient,
    plan: UnitPlan,
    { total, waiting, gone }: Pick<FoundWork, "total" | "waiting"> & { readonly gone: readonly string[] },
  ) {
    this.#client = client;
    this.#plan = plan;
    this.#isCopied = total > FIRST_PIECE && !hasIndexOfUnits(plan);
    this.total = total;
    this.gone = gone;
    this.waiting = waiting;
  }

  static async open(client: DatabaseClient, plan: UnitPlan, system: string): Promise<UnitFeed> {
    const { total, gone, waiting } = await findWork(client, plan, system);
    return new UnitFeed(client, plan, { total, waiting, gone: gone === 0 ? [] : await listGone(client) });
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Unit> {
    let size = FIRST_PIECE;
    if (this.#isCopied) await this.#copy();
    for (let after = 0; after < this.total;) {
      const upTo = Math.min(after + size, this.total);
      const { units, bytes } = await this.#fetch(after, upTo);
      yield* units;
      const bytesPerUnit = Math.max(1, bytes / (upTo - after));
      after = upTo;
      size = Math.max(1, Math.min(1_000, Math.floor(TARGET_BYTES / bytesPerUnit), size * 4));
    }
    await this.#client.query(`drop table if exists ${WORK}, ${COPY}`);
  }

  /** Takes so many units spread over the whole list, in its order; the feed ends with them. */
  async spread(count: number): Promise<readonly Unit[]> {
    const found: Unit[] = [];
    const number = Math.min(count, this.total);
    for (let index = 0; index < number; index += 1) {
      const after = Math.floor((index * this.total) / number);
      found.push(...(await this.#fetch(after, after + 1, { isCopied: false })).units);
    }
    await this.#client.query(`drop table if exists ${WORK}`);
    return found;
  }

  async #copy(): Promise<void> {
    await run(this.#client, copyRowsSql(this.#plan, WORK));
    await this.#client.query(`create index on ${COPY} (millrace_ordinal); analyze ${COPY}`);
  }

  async #fetch(
    after: number,
    upTo: number,
    { isCopied } = { isCopied: this.#isCopied },
  ): Promise<{ units: readonly Unit[]; bytes: number }> {
    const range = { work: WORK, after, upTo, isCopied };
    const { source, keys } = this.#plan;
    const fetched = await run(this.#client, fetchUnitsSql(this.#plan, range));
    const { matched, bytes } = await this.#fetchMatched(range);
    const columns = [...keys, ...source.columns];
    const units: Unit[] = [];
    for (const group of groupByOrdinal(fetched.rows)) {
      const [first] = group;
      if (first === undefined) continue;
      const [ordinal, sourceKey, documentId, , sideHash] = first as [
        string,
        string,
        string | null,
        Buffer,
        Buffer | null,
      ];
      const decoded = group.map((values) => decodeRow(columns, values.slice(5)));
      units.push({
        sourceKey,
        documentId,
        inputHash: this.#inputHash(group.map((values) => values[3] as Buffer)),
        sideHash,
        key: Object.fromEntries(keys.map(({ key }) => [key, decoded[0]?.[key]])),
        rows: decoded.map((row) => pick(row, source)),
        matched: Object.fromEntries(
          this.#plan.matched.map(({ name }) => [name, matched.get(name)?.get(ordinal) ?? []]),
        ),
      });
    }
    return { units, bytes: bytes + sizeOf(fetched.rows) };
  }

  async #fetchMatched(range: UnitRange): Promise<MatchedRows> {
    let bytes = 0;
    const bySource = new Map<string, Map<string, Row[]>>();
    for (const source of this.#plan.matched) {
      const byOrdinal = new Map<string, Row[]>();
      const fetched = await run(this.#client, fetchMatchedSql(this.#plan, source, range));
      bytes += sizeOf(fetched.rows);
      for (const [ordinal, ...values] of fetched.rows) {
        const rows = byOrdinal.get(String(ordinal)) ?? [];
        rows.push(decodeRow(source.columns, values));
        byOrdinal.set(String(ordinal), rows);
      }
      bySource.set(source.name, byOrdinal);
    }
    return { matched: bySource, bytes };
  }

  // The same digest as in the SQL that looks for stale units, from the rows as they were read.
  #inputHash(rowDigests: readonly Buffer[]): Buffer {
    const [only = Buffer.alloc(0)] = rowDigests;
    return this.#plan.isGroup ? sha256(rowDigests.toSorted((a, b) => Buffer.compare(a, b))) : only;
  }
}

interface MatchedRows {
  /** By source and unit. */
  readonly matched: ReadonlyMap<string, ReadonlyMap<string, readonly Row[]>>;
  readonly bytes: number;
}

// A primary key that begins with the unit's key; a view has none.
function hasIndexOfUnits({ source, keys }: UnitPlan): boolean {
  const first = source.primaryKey.slice(0, keys.length);
  return (
    !source.isView && first.length === keys.length && keys.every((key) => first.some(({ name }) => name === key.name))
  );
}

function run(client: DatabaseClient, sql: Sql) {
  return client.query<unknown[]>({ text: sql.text, values: [...sql.values], rowMode: "array" });
}

function* groupByOrdinal(rows: readonly (readonly unknown[])[]): Generator<readonly (readonly unknown[])[]> {
  let group: (readonly unknown[])[] = [];
  for (const row of rows) {
    if (group[0] !== undefined && group[0][0] !== row[0]) {
      yield group;
      group = [];
    }
    group.push(row);
  }
  if (group.length > 0) yield group;
}

function decodeRow(columns: readonly BoundSource["columns"][number][], values: readonly unknown[]): Row {
  return Object.fromEntries(columns.map((column, index) => [column.key, column.decode(values[index])]));
}

function pick(row: Row, source: BoundSource): Row {
  return Object.fromEntries(source.columns.map(({ key }) => [key, row[key]]));
}

function sha256(parts: readonly Buffer[]): Buffer {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
}

// Roughly what values take in memory; the driver has already parsed JSON.
function sizeOf(value: unknown): number {
  if (typeof value === "string" || Buffer.isBuffer(value)) return value.length;
  if (typeof value !== "object" || value === null) return 16;
  let bytes = 16;
  for (const member of Array.isArray(value) ? value : Object.values(value)) bytes += sizeOf(member);
  return bytes;
}
