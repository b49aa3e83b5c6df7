import type { Database } from "../database/connect.ts";
import type { ResolvedModel, ResolvedSource } from "../graph/resolved-model.ts";
import { bindDefinition } from "../sources/bind-source.ts";
import type { BoundSource } from "../sources/bound-source.ts";
import { isShortened, unitKeyList } from "../sources/unit-key.ts";
import { findMatched, findMembers, type Members } from "./trace-query.ts";
import { documentsTable, type FoundRow, loadTracedTable, type TracedColumn, type TracedTable } from "./trace-table.ts";

/** What rows of one model have from one of its sources. */
export interface FoundInput {
  readonly source: ResolvedSource;
  readonly table: TracedTable;
  readonly by: "unit" | "match" | "key" | "whole";
  /** For each row; of a whole table the rows are not listed. */
  readonly members: readonly Members[];
}

interface TracedSource {
  readonly source: ResolvedSource;
  readonly bound: BoundSource;
  readonly table: TracedTable;
}

/** Finds what rows were made of, with one query for each source of their model. */
export class InputFinder {
  readonly #database: Database;
  readonly #limit: number;
  readonly #tables = new Map<string, Promise<TracedTable | undefined>>();
  readonly #counts = new Map<string, Promise<number>>();

  constructor(database: Database, limit: number) {
    this.#database = database;
    this.#limit = limit;
  }

  /** The table of a model, or an external one; undefined when it does not exist. */
  table(name: string, model: TracedTable["model"]): Promise<TracedTable | undefined> {
    const loaded = this.#tables.get(name) ?? loadTracedTable(this.#database, { name, model });
    this.#tables.set(name, loaded);
    return loaded;
  }

  async find(resolved: ResolvedModel, own: TracedTable, rows: readonly FoundRow[]): Promise<readonly FoundInput[]> {
    const { model } = resolved;
    const sources = await Promise.all(resolved.sources.map((source) => this.#trace(model.name, source)));
    const unit = sources.find(({ source }) => source.name === model.forEach);
    const first = unit === undefined ? sources : [unit, ...sources.filter((each) => each !== unit)];
    return Promise.all(
      first.map(async (each): Promise<FoundInput> => {
        const { source, table } = each;
        const found =
          unit === undefined ? await this.#byKey(own, rows, each) : await this.#ofUnits(model.by, rows, unit, each);
        return { source, table, ...(found ?? { by: "whole", members: await this.#whole(each, rows) }) };
      }),
    );
  }

  /** What the units were made of; undefined for a source that every unit sees in full. */
  async #ofUnits(
    by: readonly string[] | undefined,
    rows: readonly FoundRow[],
    unit: TracedSource,
    each: TracedSource,
  ): Promise<Pick<FoundInput, "by" | "members"> | undefined> {
    const { bound } = unit;
    if (each !== unit && each.bound.match.length === 0) return undefined;
    const columns = by === undefined ? bound.primaryKey : by.map((key) => bound.find(key));
    const lookup = {
      table: unit.table,
      columns,
      keys: rows.map(({ sourceKey }) => {
        const name = sourceKey ?? "";
        return isShortened(name) ? name : unitKeyList(name, columns);
      }),
      definition: bound.definition,
      limit: this.#limit,
    };
    if (each === unit) return { by: "unit", members: await findMembers(this.#database, lookup) };
    const side = { unit: bound, side: each.bound, table: each.table };
    return { by: "match", members: await findMatched(this.#database, lookup, side) };
  }

  /** Rows that share the key where nothing says which were used; undefined when they have no such columns. */
  async #byKey(
    own: TracedTable,
    rows: readonly FoundRow[],
    { source, bound, table }: TracedSource,
  ): Promise<Pick<FoundInput, "by" | "members"> | undefined> {
    const shared = source.origin.type === "documents" ? documentLink(own, table) : sharedKey(own, table);
    if (shared === undefined) return undefined;
    const keys = rows.map(({ row }) => JSON.stringify(shared.own.map(({ name }) => row[name] ?? null)));
    const members = await findMembers(this.#database, {
      table,
      columns: shared.upstream,
      keys,
      definition: bound.definition,
      limit: this.#limit,
    });
    return members.every(({ total }) => total === 0) ? undefined : { by: "key", members };
  }

  async #whole({ bound }: TracedSource, rows: readonly FoundRow[]): Promise<readonly Members[]> {
    const counted =
      this.#counts.get(bound.relation) ??
      this.#database
        .query<{ total: number }>(`select count(*)::int as total from ${bound.relation} as whole`)
        .then(([row]) => row?.total ?? 0);
    this.#counts.set(bound.relation, counted);
    const members = { rows: [], total: await counted };
    return rows.map(() => members);
  }

  async #trace(reader: string, given: ResolvedSource): Promise<TracedSource> {
    const options = { database: this.#database, knownTables: new Set<string>(), reader };
    const { source, bound } = await bindDefinition(given, options);
    const { origin } = source;
    if (origin.type === "documents") return { source, bound, table: documentsTable(this.#database, bound.relation) };
    const [name, model] = origin.type === "table" ? [origin.table, undefined] : [origin.shape.name, origin.model];
    // Binding has made sure that it is there.
    return { source, bound, table: (await this.table(name, model)) as TracedTable };
  }
}

interface Link {
  readonly own: readonly TracedColumn[];
  readonly upstream: readonly TracedColumn[];
}

function documentLink(own: TracedTable, documents: TracedTable): Link | undefined {
  const column = own.columns.find(({ name }) => name === own.documentColumn);
  return column === undefined ? undefined : { own: [column], upstream: documents.primaryKey };
}

// A row names another by all of its key; or theirs hold all of its own. A part of both would be chance.
function sharedKey(own: TracedTable, upstream: TracedTable): Link | undefined {
  const pairUp = (columns: readonly TracedColumn[], others: readonly TracedColumn[]) =>
    columns.flatMap((column) => others.filter(({ name }) => name === column.name).map((other) => ({ column, other })));
  const theirs = pairUp(upstream.primaryKey, own.columns);
  if (theirs.length > 0 && theirs.length === upstream.primaryKey.length)
    return { own: theirs.map(({ other }) => other), upstream: theirs.map(({ column }) => column) };
  const ours = pairUp(own.primaryKey, upstream.columns);
  if (ours.length === 0 || ours.length < own.primaryKey.length) return undefined;
  return { own: ours.map(({ column }) => column), upstream: ours.map(({ other }) => other) };
}
