import { createHash } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import { RowError } from "millrace";
import type { Behaviour, Failures, ModelSpec } from "./model-spec.ts";

type Row = Readonly<Record<string, unknown>>;

interface Reader extends AsyncIterable<Row> {
  rows(): Promise<readonly Row[]>;
  batches(size: number): AsyncIterable<readonly Row[]>;
}

interface Given {
  readonly row?: Row;
  readonly key?: Row;
  readonly rows?: readonly Row[];
  readonly sources: Readonly<Record<string, Reader>>;
  readonly config: { readonly factor: number };
  readonly writer?: { write(rows: Row | readonly Row[]): Promise<unknown> };
}

/** What all functions of a test's models share. */
export interface Kit {
  row(spec: Pick<ModelSpec, "index">, behaviour: Behaviour, given: Given): Promise<unknown>;
  group(spec: Pick<ModelSpec, "index">, behaviour: Behaviour, given: Given): Promise<unknown>;
  table(spec: Pick<ModelSpec, "index">, behaviour: Behaviour, given: Given): Promise<void>;
}

export interface KitHost {
  /** Units that fail now. */
  failuresOf(): Failures;
  /** The function of this model was called for this unit. */
  onCall(model: number, unit: string): void;
}

/** Deterministic functions for models of every form; units fail when the host says so. */
export function createKit(host: KitHost): Kit {
  const begin = async (model: number, unit: string, { turns }: Behaviour) => {
    host.onCall(model, unit);
    for (let turn = 0; turn < turns; turn += 1) await nextTurn();
    for (const { model: failing, kind, share, salt } of host.failuresOf()) {
      if (failing !== model || number(digest([salt, unit])) % share !== 0) continue;
      if (kind === "throw") throw new TypeError(`unit ${unit} does not work now`);
      throw new RowError("NOT_NOW", `unit ${unit} does not work now`, { retryable: kind === "retryable" });
    }
  };

  return {
    async row({ index }, behaviour, { row = {}, sources, config }) {
      await begin(index, rowUnit(row), behaviour);
      const base = baseOf(row);
      const seen = digest([row, await readSides(sources), config.factor, behaviour.salt]);
      const owner = behaviour.mode === "slot" ? `slot ${String(row["slot"])}` : base.id;
      const count = countOf(behaviour, base.n);
      const made = Array.from({ length: count }, (_, part) =>
        makeRow({ owner, part, base, seen, factor: config.factor }, behaviour),
      );
      return made.length === 0 ? null : made.length === 1 && behaviour.salt % 2 === 0 ? made[0] : made;
    },

    async group({ index }, behaviour, { key = {}, rows = [], sources, config }) {
      const names = Object.values(key);
      const unit =
        names.length === 1
          ? ((names[0] ?? "[null]") as string)
          : `[${names.map((each) => JSON.stringify(each ?? null)).join(", ")}]`;
      await begin(index, unit, behaviour);
      const bases = rows.map(baseOf).toSorted(byText);
      const seen = digest([key, sorted(rows), await readSides(sources), config.factor, behaviour.salt]);
      const sum = bases.reduce((total, { n }) => total + n, 0);
      const documentId = (key["documentId"] ?? key["document_id"] ?? null) as string | null;
      const base = { id: unit, grp: (key["grp"] ?? null) as string | null, documentId, n: sum };
      if (behaviour.mode === "split") {
        return bases.map((each, part) =>
          makeRow({ owner: unit, part, base: each, seen, factor: config.factor }, behaviour),
        );
      }
      if (behaviour.mode === "filter" && sum % 3 === 0) return null;
      return makeRow({ owner: unit, part: 0, base, seen, factor: config.factor }, behaviour);
    },

    async table({ index }, behaviour, { sources, config, writer }) {
      await begin(index, "", behaviour);
      const factor = config.factor;
      if (behaviour.mode === "filter") {
        const all = (await Promise.all(Object.values(sources).map((source) => source.rows()))).flat();
        const groups = new Map<string, Row[]>();
        for (const row of all) {
          const name = baseOf(row).grp ?? "none";
          groups.set(name, [...(groups.get(name) ?? []), row]);
        }
        for (const [owner, rows] of groups) {
          const n = rows.reduce((sum, row) => sum + baseOf(row).n, 0);
          const base = { id: owner, grp: owner === "none" ? null : owner, documentId: null, n };
          await writer?.write(
            makeRow({ owner, part: 0, base, seen: digest([sorted(rows), behaviour.salt]), factor }, behaviour),
          );
        }
        return;
      }
      for (const [name, source] of Object.entries(sources)) {
        const copy = (row: Row) => {
          const base = baseOf(row);
          return makeRow(
            { owner: `${name} ${base.id}`, part: 0, base, seen: digest([row, factor, behaviour.salt]), factor },
            behaviour,
          );
        };
        if (behaviour.mode === "map") for await (const row of source) await writer?.write(copy(row));
        else for await (const rows of source.batches(3)) await writer?.write(rows.map(copy));
      }
    },
  };
}

interface Base {
  readonly id: string;
  readonly grp: string | null;
  readonly documentId: string | null;
  readonly n: number;
}

function makeRow(
  { owner, part, base, seen, factor }: { owner: string; part: number; base: Base; seen: string; factor: number },
  { salt, isCoarse, regroups, hasExtra }: Behaviour,
): Row {
  const n = (((base.n * factor + salt) % 97) + part) % 97;
  const group = number(seen) % 4;
  return {
    id: `${owner}/${part}`,
    owner,
    part,
    grp: regroups ? (group === 3 ? null : `g${group}`) : base.grp,
    documentId: base.documentId,
    n: isCoarse ? n % 5 : n,
    body: isCoarse ? `about ${n % 3}` : seen,
    ...(hasExtra ? { extra: isCoarse ? "extra" : `extra ${n}` } : {}),
  };
}

// The plain table and the documents call the same things by other names; a column that is not read counts as nothing.
function baseOf(row: Row): Base {
  const text = typeof row["content"] === "string" ? row["content"] : undefined;
  return {
    id: rowUnit(row),
    grp: text === undefined ? ((row["grp"] ?? null) as string | null) : `g${text.length % 3}`,
    documentId: (text === undefined ? (row["documentId"] ?? row["document_id"] ?? null) : row["id"]) as string | null,
    n: text === undefined ? Number(row["n"] ?? 0) : text.length,
  };
}

const rowUnit = (row: Row) => String(row["id"]);

function countOf({ mode }: Behaviour, n: number): number {
  if (mode === "split") return n % 4;
  return mode === "filter" && n % 3 === 0 ? 0 : 1;
}

async function readSides(sources: Readonly<Record<string, Reader>>): Promise<unknown> {
  const names = Object.keys(sources).toSorted();
  return Promise.all(names.map(async (name) => [name, sorted((await sources[name]?.rows()) ?? [])]));
}

// Rows of a view have no order.
const sorted = (rows: readonly Row[]) => rows.map(canonical).toSorted();
const byText = (a: Base, b: Base) => (canonical(a) < canonical(b) ? -1 : 1);

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) =>
    typeof each === "object" && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  );
}

const digest = (value: unknown) => createHash("sha1").update(canonical(value)).digest("hex").slice(0, 10);
const number = (hex: string) => Number.parseInt(hex.slice(0, 8), 16);
