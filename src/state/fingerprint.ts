import { sha256 } from "../core/hash.ts";
import { canonicalJson } from "../core/json.ts";
import type { Database, DatabaseClient } from "../database/connect.ts";
import type { LlmSource } from "../llm/answers/llm-source.ts";
import { digestAdopted } from "../llm/prompts/adopted-prompts.ts";
import type { CodeFingerprint } from "../model/code/code-fingerprint.ts";
import type { AnyModel, OnChange } from "../model/any-model.ts";
import { dataColumns, describeTable } from "../table/table-shape.ts";
import { Parameters } from "../database/sql-text.ts";
import { outputFingerprintsSql, type UnitStateKey } from "./unit-state.ts";

/** What, beside its own rows, decides a unit's output, as digests that can be told apart. */
export interface FingerprintParts {
  readonly code: string;
  /** Digest of the source text. Output is stale by code only if both digests differ, so that new tools re-run nothing. */
  readonly source: string;
  /** Digests of the parameters, by name. */
  readonly config: Readonly<Record<string, string>>;
  readonly schema: string;
  readonly version: string | null;
  /** The language model and its settings, for a model that asks one. */
  readonly llm: string | null;
  /** Digests of the tuned prompts of the project, by signature, for a model that asks. */
  readonly prompts: Readonly<Record<string, string>>;
  /** Digests of the sources that every unit sees in full, by name. */
  readonly sideInputs: Readonly<Record<string, string>>;
}

/** A fingerprint as it is stored. */
export type StoredParts = Omit<FingerprintParts, "prompts" | "sideInputs"> & {
  /** The side inputs. */
  readonly sides: FingerprintParts["sideInputs"];
  /** Fingerprints that were stored before there were tuned prompts have none. */
  readonly prompts?: FingerprintParts["prompts"];
  /** Signatures that units of this fingerprint have asked; null where they were not recorded. */
  readonly asked?: readonly string[] | null;
};

/** Today's fingerprint, and those of stored output. */
export interface Fingerprint {
  readonly hash: string;
  readonly parts: FingerprintParts;
  readonly known: readonly KnownFingerprint[];
}

/** A fingerprint of stored output. */
export interface KnownFingerprint {
  readonly hash: string;
  readonly parts: StoredParts;
  /** How it differs from today's; undefined when its output is as good. */
  readonly difference: FingerprintDifference | undefined;
}

export interface FingerprintDifference {
  readonly reason: "code" | "config" | "prompt" | "llm" | "schema" | "upstream";
  /** What exactly: `version`, names of parameters, of signatures or of sources; empty when there is no name for it. */
  readonly what: readonly string[];
}

export function describeParts(
  model: AnyModel,
  given: Pick<FingerprintParts, "sideInputs"> & {
    readonly config: unknown;
    readonly code: CodeFingerprint;
    readonly llm: Pick<LlmSource, "fingerprint" | "adopted">;
  },
): FingerprintParts {
  const table = dataColumns(describeTable(model.table)).map(({ name, sqlType, notNull }) => [name, sqlType, notNull]);
  return {
    code: given.code.code,
    source: given.code.source,
    config: Object.fromEntries(Object.entries(given.config ?? {}).map(([name, value]) => [name, digest(value)])),
    schema: digest({ table, writeStrategy: model.writeStrategy, by: model.by }),
    version: model.version ?? null,
    llm: given.code.asksLlm ? given.llm.fingerprint : null,
    prompts: given.code.asksLlm ? digestAdopted(given.llm.adopted ?? new Map()) : {},
    sideInputs: given.sideInputs,
  };
}

/** What is stored, and hashed. */
export function storedParts({ sideInputs, ...parts }: FingerprintParts): StoredParts {
  return { ...parts, sides: sideInputs };
}

const digest = (value: unknown) => sha256(canonicalJson(value) ?? "").slice(0, 32);

/** Puts today's fingerprint beside the stored ones. For a model that keeps its output, changed sources weigh most. */
export function createFingerprint(
  parts: FingerprintParts,
  stored: ReadonlyMap<string, StoredParts>,
  onChange: OnChange,
): Fingerprint {
  const known = [...stored].map(([hash, before]) => {
    const all = differences(before, parts);
    const ofSources = onChange === "keep" ? all.find(({ reason }) => reason === "upstream") : undefined;
    return { hash, parts: before, difference: ofSources ?? all[0] };
  });
  return { hash: digest(storedParts(parts)), parts, known };
}

/** Every way in which a fingerprint differs from today's, the weightiest first; none when it would write the same. */
export function differences(before: StoredParts, now: FingerprintParts): readonly FingerprintDifference[] {
  const found: FingerprintDifference[] = [];
  if (before.version !== now.version) found.push({ reason: "code", what: ["version"] });
  else if (before.code !== now.code && before.source !== now.source) found.push({ reason: "code", what: [] });
  const config = differingKeys(before.config, now.config);
  if (config.length > 0) found.push({ reason: "config", what: config });
  const prompts = differingKeys(before.prompts ?? {}, now.prompts).filter(
    // What none of its units ever asked has no part in its output.
    (signature) => before.asked?.includes(signature) ?? true,
  );
  if (prompts.length > 0) found.push({ reason: "prompt", what: prompts });
  // Fingerprints that were stored before there was a language layer say nothing about it.
  if ((before.llm ?? null) !== now.llm) found.push({ reason: "llm", what: [] });
  if (before.schema !== now.schema) found.push({ reason: "schema", what: [] });
  const sideInputs = differingKeys(before.sides, now.sideInputs);
  if (sideInputs.length > 0) found.push({ reason: "upstream", what: sideInputs });
  return found;
}

function differingKeys(
  before: Readonly<Record<string, string>>,
  now: Readonly<Record<string, string>>,
): readonly string[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(now)])];
  return names.filter((name) => before[name] !== now[name]).toSorted();
}

/** Stores today's fingerprint, so that a later run can say what has changed since. */
export async function saveFingerprint(client: Pick<DatabaseClient, "query">, scope: FingerprintKey): Promise<void> {
  const parameters = new Parameters();
  await client.query(`with ${saveFingerprintSql(scope, parameters)} select`, parameters.values);
}

export interface FingerprintKey {
  readonly system: string;
  readonly model: string;
  readonly fingerprint: Fingerprint;
}

/** Stores the digests of today where nothing is to be done because what is stored is as good. */
export async function renewFingerprints(client: Pick<DatabaseClient, "query">, scope: FingerprintKey): Promise<void> {
  if (outdatedFingerprints(scope.fingerprint).length === 0) return;
  const parameters = new Parameters();
  await client.query(renewFingerprintsSql(scope, parameters), parameters.values);
}

// Output as good as today's under another digest: the next comparison starts from today's digests, or the second small
// change in a row would look like a large one.
function outdatedFingerprints({ parts: { code, source }, known }: Fingerprint): readonly string[] {
  return known
    .filter(({ difference, parts }) => difference === undefined && (parts.code !== code || parts.source !== source))
    .map(({ hash }) => hash);
}

function renewFingerprintsSql({ system, model, fingerprint }: FingerprintKey, parameters: Parameters): string {
  const { code, source } = fingerprint.parts;
  return `update ${system}.program
      set parts = parts || jsonb_build_object('code', ${parameters.add(code)}::text, 'source', ${parameters.add(source)}::text)
      where model = ${parameters.add(model)} and program_hash = any(${parameters.add(outdatedFingerprints(fingerprint))})`;
}

/** The parts of a `with` that store today's fingerprint. */
export function saveFingerprintSql(scope: FingerprintKey, parameters: Parameters): string {
  const { system, model, fingerprint } = scope;
  const { hash, parts } = fingerprint;
  const name = parameters.add(model);
  return `renewed as (${renewFingerprintsSql(scope, parameters)}),
    saved as (
      insert into ${system}.program (model, program_hash, parts, asked)
      values (${name}, ${parameters.add(hash)}, ${parameters.add(JSON.stringify(storedParts(parts)))}, '{}') on conflict do nothing)`;
}

/** SQL of a model's stored fingerprints as JSON, parts by hash; null without any. `model` is SQL. */
export const storedFingerprintsSql = (system: string, model: string): string =>
  `(select jsonb_object_agg(program_hash, parts || jsonb_build_object('asked', asked)) from ${system}.program where model = ${model})`;

/** What stored output was made by, by model; empty where all of it was declared current. Models without output are missing. */
export async function loadFingerprintsOfOutput(
  database: Database,
): Promise<ReadonlyMap<string, readonly StoredParts[]>> {
  const system = database.systemSchema;
  const rows = await database.query<{ model: string; fingerprints: readonly StoredParts[] }>(
    `select u.model, coalesce(jsonb_agg(p.parts || jsonb_build_object('asked', p.asked)) filter (where p.model is not null), '[]') as fingerprints
     from ${outputFingerprintsSql(system)} as u
     left join ${system}.program as p on p.model = u.model and p.program_hash = u.program_hash
     group by u.model`,
  );
  return new Map(rows.map(({ model, fingerprints }) => [model, fingerprints]));
}

type FingerprintRef = Pick<UnitStateKey, "system" | "model" | "fingerprintHash">;

/** Adds signatures to those that a model has asked under a fingerprint, where they are written down at all. */
export async function addAsked(
  client: Pick<DatabaseClient, "query">,
  { system, model, fingerprintHash }: FingerprintRef,
  names: readonly string[],
): Promise<void> {
  await client.query(
    `update ${system}.program set asked = (select array_agg(distinct name order by name) from unnest(asked || $3::text[]) name)
     where model = $1 and program_hash = $2 and asked is not null`,
    [model, fingerprintHash, names],
  );
}

/** For output that is declared current: nobody knows which of the model's signatures it asked, so it counts as all of them. */
export async function inheritAsked(
  client: Pick<DatabaseClient, "query">,
  { system, model, fingerprintHash }: FingerprintRef,
): Promise<void> {
  await client.query(
    `update ${system}.program set asked = (
       select case when bool_and(asked is not null) then coalesce(array_agg(distinct name) filter (where name is not null), '{}') end
       from ${system}.program left join unnest(asked) name on true where model = $1)
     where model = $1 and program_hash = $2`,
    [model, fingerprintHash],
  );
}
