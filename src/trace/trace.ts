import { MillraceError } from "../core/errors.ts";
import type { Database } from "../database/connect.ts";
import type { Graph } from "../graph/build-graph.ts";
import type { ResolvedModel } from "../graph/resolved-model.ts";
import type { Usage } from "../state/results.ts";
import { loadUnitStates, type UnitState } from "../state/unit-state.ts";
import { findRow, type RowKey } from "./find-row.ts";
import { type DocumentRequest, loadTracedDocuments, type TracedDocument } from "./trace-documents.ts";
import { type FoundInput, InputFinder } from "./trace-inputs.ts";
import type { FoundRow, TracedTable } from "./trace-table.ts";
import { loadUnitUsage } from "../state/usage.ts";

/** A row, the unit that wrote it, and what the unit was made of. Columns are called as in the database. */
export interface RowTrace {
  /** Null for a row of a table that no model fills. */
  readonly model: string | null;
  readonly table: string;
  /** Values of the primary key, by column; empty without one. */
  readonly key: Readonly<Record<string, unknown>>;
  /** All data columns. */
  readonly row: Readonly<Record<string, unknown>>;
  /** The run that wrote the row as it is; null for a row of a view. */
  readonly runId: string | null;
  /** ISO 8601; when the row was written as it is. */
  readonly updatedAt: string | null;
  /** Null where the ledger knows none: rows of views, and of tables that no model fills. */
  readonly unit: TracedUnit | null;
  /** Where in a document the row stands, when it names one and has offsets. */
  readonly place: TracedDocument | null;
  readonly inputs: readonly InputTrace[];
  /** True where inputs are left out, since the trace goes no deeper. */
  readonly isCut: boolean;
}

/** A unit's last try. With a status other than `done` and `kept` it failed, and the row is that of an earlier one. */
export interface TracedUnit extends UnitState {
  /** Empty for a model that writes its whole table. */
  readonly sourceKey: string;
  /** What calls to language models took in that try; null without any. */
  readonly usage: Usage | null;
}

/** What a row has from one source of its model. */
export interface InputTrace {
  /** The source's name in the model. */
  readonly source: string;
  /** Null for documents, and for a table that no model fills. */
  readonly model: string | null;
  readonly table: string;
  /**
   * `unit`: what the unit is made of; `match`: rows that match it; `key`: rows that share the key, where a model
   * writes its whole table and nothing says which it used; `whole`: everything there is.
   */
  readonly by: "unit" | "match" | "key" | "whole";
  /** Rows or documents in all, listed or not. With 0 of its unit, the row is what is left of something deleted. */
  readonly total: number;
  readonly rows: readonly RowTrace[];
  readonly documents: readonly TracedDocument[];
}

export interface TraceOptions {
  /** How many models up; to the documents unless said otherwise. */
  readonly depth?: number | undefined;
  /** At most so many rows of one input; 10 unless said otherwise. */
  readonly limit?: number | undefined;
  /** Shows the beginning of the text that a row's offsets are about. */
  readonly excerpts?: boolean | undefined;
}

/** A project as a trace reads it. */
export interface TracedProject {
  readonly database: Database;
  readonly graph: Graph;
  /** The project's folder, where documents are. */
  readonly directory: string;
}

/** Follows a row back to what it was made of. */
export async function traceRow(
  { database, graph, directory }: TracedProject,
  { model, key, options = {} }: { readonly model: string; readonly key: RowKey; readonly options?: TraceOptions },
): Promise<RowTrace> {
  const tracer = new Tracer({ database, graph, limit: options.limit ?? 10 });
  const node = await tracer.find(model, key);
  await tracer.expand([node], options.depth ?? Number.POSITIVE_INFINITY);
  const { excerpts = false } = options;
  await loadTracedDocuments(tracer.requests, { database, directory, excerpts });
  return node.trace;
}

/** A row whose inputs are still to be found. */
interface Node {
  readonly table: TracedTable;
  readonly found: FoundRow;
  readonly trace: { -readonly [Key in keyof RowTrace]: RowTrace[Key] } & { readonly inputs: InputTrace[] };
}

// Groups of groups of groups are unbounded, so limit what is looked up.
const MAX_ROWS = 1_000;

/** Goes up level by level, with one query for all rows of a level that have the same model and source. */
class Tracer {
  /** Documents to look up when the trace is complete. */
  readonly requests: DocumentRequest[] = [];
  readonly #database: Database;
  readonly #graph: Graph;
  readonly #inputs: InputFinder;

  constructor(parts: { readonly database: Database; readonly graph: Graph; readonly limit: number }) {
    this.#database = parts.database;
    this.#graph = parts.graph;
    this.#inputs = new InputFinder(parts.database, parts.limit);
  }

  async find(model: string, key: RowKey): Promise<Node> {
    const { shape, model: declared } = this.#resolved(model);
    const table = await this.#inputs.table(shape.name, declared);
    if (table === undefined) {
      throw new MillraceError("TABLE_NOT_FOUND", `Table "${shape.name}" of model "${model}" does not exist yet.`, {
        hint: `Run the model first: \`millrace run ${model}\`.`,
      });
    }
    return this.#createNode(table, await findRow(this.#database, table, key));
  }

  async expand(level: readonly Node[], depth: number): Promise<void> {
    const above = new Map<string, Node>();
    let room = depth > 0 ? MAX_ROWS : 0;
    for (const nodes of byModel(level).values()) {
      const [{ table }] = nodes;
      if (table.model === undefined) continue;
      await this.#addUnits(table.model.name, nodes);
      const resolved = this.#resolved(table.model.name);
      const expanded = nodes.slice(0, room);
      room -= expanded.length;
      for (const { trace } of nodes.slice(expanded.length)) trace.isCut = resolved.sources.length > 0;
      if (expanded.length === 0) continue;
      const rows = expanded.map(({ found }) => found);
      for (const input of await this.#inputs.find(resolved, table, rows)) this.#attach(expanded, input, above);
    }
    if (above.size > 0) await this.expand([...above.values()], depth - 1);
  }

  async #addUnits(model: string, nodes: readonly Node[]): Promise<void> {
    const keys = [...new Set(nodes.flatMap(({ found }) => found.sourceKey ?? []))];
    if (keys.length === 0) return;
    const states = await loadUnitStates(this.#database, model, keys);
    const usage = await loadUnitUsage(this.#database, model, states);
    for (const { found, trace } of nodes) {
      const state = states.get(found.sourceKey ?? "");
      if (state === undefined || found.sourceKey === null) continue;
      trace.unit = { sourceKey: found.sourceKey, ...state, usage: usage.get(found.sourceKey) ?? null };
    }
  }

  /** Hangs an input under its rows; a row that several of them have is looked up once. */
  #attach(nodes: readonly Node[], { source, table, by, members }: FoundInput, above: Map<string, Node>): void {
    const isDocuments = source.origin.type === "documents";
    nodes.forEach(({ trace, found: own }, index) => {
      const { rows, total } = members[index] ?? { rows: [], total: 0 };
      const documents: TracedDocument[] = [];
      const traces: RowTrace[] = [];
      for (const found of rows) {
        if (isDocuments) {
          const put = (document: TracedDocument) => documents.push(document);
          this.requests.push({ id: String(found.key["id"]), row: own.row, put });
          continue;
        }
        const key = table.primaryKey.length === 0 ? [above.size] : Object.values(found.key);
        const name = JSON.stringify([table.name, ...key]);
        const node = above.get(name) ?? this.#createNode(table, found);
        above.set(name, node);
        traces.push(node.trace);
      }
      const model = table.model?.name ?? null;
      trace.inputs.push({ source: source.name, model, table: table.name, by, total, rows: traces, documents });
    });
  }

  #createNode(table: TracedTable, found: FoundRow): Node {
    const { key, row, runId, updatedAt } = found;
    const trace: Node["trace"] = {
      model: table.model?.name ?? null,
      table: table.name,
      key,
      row,
      runId: runId === "" ? null : runId,
      updatedAt,
      unit: null,
      place: null,
      inputs: [],
      isCut: false,
    };
    const id = table.documentColumn === undefined ? null : row[table.documentColumn];
    if (typeof id === "string") {
      const put = (document: TracedDocument) => {
        if (document.startOffset !== null) trace.place = document;
      };
      this.requests.push({ id, row, put });
    }
    return { table, found, trace };
  }

  #resolved(model: string): ResolvedModel {
    const resolved = this.#graph.get(model);
    if (resolved !== undefined) return resolved;
    throw new MillraceError("MODEL_NOT_FOUND", `Model "${model}" is not in this project.`);
  }
}

function byModel(nodes: readonly Node[]): ReadonlyMap<string, [Node, ...Node[]]> {
  const groups = new Map<string, [Node, ...Node[]]>();
  for (const node of nodes) {
    const group = groups.get(node.table.name);
    if (group === undefined) groups.set(node.table.name, [node]);
    else group.push(node);
  }
  return groups;
}
