import { sha256 } from "../core/hash.ts";
import { canonicalJson } from "../core/json.ts";
import type { DatabaseClient } from "../database/connect.ts";
import type { CodeFingerprint } from "../model/code-fingerprint.ts";
import type { AnyModel } from "../model/define-model.ts";
import { dataColumns, describeTable } from "../table/table-shape.ts";

/** What, beside its own rows, decides a unit's output, as digests that can be told apart. */
export interface ProgramParts {
  readonly code: string;
  /** Digest of the source text. Output is stale by code only if both digests differ, so that new tools re-run nothing. */
  readonly source: string;
  readonly config: string;
  readonly schema: string;
  readonly version: string | null;
  /** Digests of the sources that every unit sees in full, by name. */
  readonly sides: Readonly<Record<string, string>>;
}

/** The program of today, and what the ledger knows of those before it. */
export interface Program {
  readonly hash: string;
  readonly parts: ProgramParts;
  readonly known: readonly KnownProgram[];
}

/** A program that stored output was made by. */
export interface KnownProgram {
  readonly hash: string;
  /** How it differs from today's; undefined when its output is as good. */
  readonly difference: ProgramDifference | undefined;
}

export interface ProgramDifference {
  readonly reason: "code" | "config" | "schema" | "upstream";
  /** What exactly: `version`, or names of sources. */
  readonly what: readonly string[];
}

export function describeParts(
  model: AnyModel,
  given: Pick<ProgramParts, "sides"> & { readonly config: unknown; readonly code: CodeFingerprint },
): ProgramParts {
  const table = dataColumns(describeTable(model.table)).map(({ name, sqlType, notNull }) => [name, sqlType, notNull]);
  return {
    code: given.code.code,
    source: given.code.source,
    config: digest(given.config),
    schema: digest({ table, writeStrategy: model.writeStrategy, by: model.by }),
    version: model.version ?? null,
    sides: given.sides,
  };
}

const digest = (value: unknown) => sha256(canonicalJson(value) ?? "").slice(0, 32);

/** Puts today's program beside the stored ones. */
export function createProgram(parts: ProgramParts, stored: ReadonlyMap<string, ProgramParts>): Program {
  const known = [...stored].map(([hash, before]) => ({ hash, difference: compareParts(before, parts) }));
  return { hash: digest(parts), parts, known };
}

/** How a program differs from today's; undefined when it would write the same. */
export function compareParts(before: ProgramParts, now: ProgramParts): ProgramDifference | undefined {
  if (before.version !== now.version) return { reason: "code", what: ["version"] };
  if (before.code !== now.code && before.source !== now.source) return { reason: "code", what: [] };
  if (before.config !== now.config) return { reason: "config", what: [] };
  if (before.schema !== now.schema) return { reason: "schema", what: [] };
  const names = [...new Set([...Object.keys(before.sides), ...Object.keys(now.sides)])];
  const sides = names.filter((name) => before.sides[name] !== now.sides[name]);
  return sides.length === 0 ? undefined : { reason: "upstream", what: sides };
}

/** Stores today's program, so that a later run can say what has changed since. */
export async function saveProgram(
  client: Pick<DatabaseClient, "query">,
  { system, model, program }: { readonly system: string; readonly model: string; readonly program: Program },
): Promise<void> {
  const { hash, parts, known } = program;
  // Equal output under another code digest: the next comparison starts from today's digests, or the second small
  // change in a row would look like a large one.
  const outdated = known
    .filter(({ difference }) => difference === undefined)
    .map((each) => each.hash)
    .filter((each) => each !== hash);
  await client.query(
    `with renewed as (
       update ${system}.program set parts = parts || jsonb_build_object('code', $4::text, 'source', $5::text)
       where model = $1 and program_hash = any($6) and (parts ->> 'code', parts ->> 'source') is distinct from ($4, $5))
     insert into ${system}.program (model, program_hash, parts) values ($1, $2, $3) on conflict do nothing`,
    [model, hash, JSON.stringify(parts), parts.code, parts.source, outdated],
  );
}
