import { quoteName } from "../database/connect.ts";
import type { Database } from "../database/connect.ts";
import type { ResolvedModel } from "../graph/resolved-model.ts";
import { earlierRatio } from "../state/earlier-work.ts";

export interface Range {
  readonly low: number;
  readonly high: number;
}

/** Units that a run will find when upstreams have done their work: an estimate, and what it rests on. */
export interface PendingWork extends Range {
  readonly basis: string;
}

/** What an upstream will do. */
export interface UpstreamWork {
  readonly model: string;
  /** From those that are new or changed to all: what runs for another reason may give the rows that are there. */
  readonly units: Range;
  /** How many of them are new, and so will be what is made of them. */
  readonly newUnits: number;
  /** Rows that a unit of it gives, where a few have been run. */
  readonly rowsPerUnit: number | undefined;
}

/**
 * Estimates the work below pending upstreams from earlier runs or, without any, from how the tables are related.
 * Undefined where nothing says how much it is.
 */
export async function estimatePendingWork(
  database: Database,
  resolved: ResolvedModel,
  { pending: all, workShare }: { readonly pending: readonly UpstreamWork[]; readonly workShare: number },
): Promise<PendingWork | undefined> {
  const { model, sources } = resolved;
  const pending = all.map((upstream) => ({ ...upstream, units: unitsOnTop(upstream, workShare) }));
  if (model.materialized === "view") return undefined;
  if (model.forEach === undefined) return { low: 1, high: 1, basis: "the whole table" };
  const origin = sources.find(({ name }) => name === model.forEach)?.origin;
  const each = pending.find((upstream) => origin?.type === "model" && upstream.model === origin.model.name);
  for (const upstream of each === undefined ? pending : [each]) {
    const ratio = await earlierRatio(database, { model: model.name, upstream: upstream.model });
    if (ratio === undefined) continue;
    const { low, median, high, runs } = ratio;
    const times = runs === 1 ? "as in an earlier run" : `as in ${runs} earlier runs`;
    return {
      low: Math.round(upstream.units.low * low),
      high: Math.round(upstream.units.high * high),
      basis: `${round(median)} units per unit of ${upstream.model}, ${times}`,
    };
  }
  if (each === undefined || origin?.type !== "model") return undefined;
  return fromStructure(database, resolved, { ...each, table: origin.shape.name });
}

// Units that run anyway are not run twice for a change above them.
function unitsOnTop({ units, newUnits }: UpstreamWork, workShare: number): Range {
  const onTop = (count: number) => newUnits + Math.max(0, count - newUnits) * (1 - workShare);
  return { low: onTop(units.low), high: onTop(units.high) };
}

/** A row is a unit; groups are touched at random. */
async function fromStructure(
  database: Database,
  { model }: ResolvedModel,
  upstream: UpstreamWork & { readonly table: string },
): Promise<PendingWork | undefined> {
  const perUnit = upstream.rowsPerUnit ?? (await storedRowsPerUnit(database, upstream));
  if (perUnit === undefined) return undefined;
  const rows = { low: Math.round(upstream.units.low * perUnit), high: Math.round(upstream.units.high * perUnit) };
  const basis = `${round(perUnit)} rows per unit of ${upstream.model}`;
  if (model.by === undefined) return { ...rows, basis };
  const groups = await countUnits(database, model.name);
  const touched = groups === 0 ? rows.high : Math.round(groups * (1 - (1 - 1 / groups) ** rows.high));
  return {
    low: Math.min(1, touched),
    high: touched,
    basis: `${basis}, at most ${groups === 0 ? "a group each" : `${groups} groups`}`,
  };
}

async function storedRowsPerUnit(
  database: Database,
  { model, table }: { readonly model: string; readonly table: string },
): Promise<number | undefined> {
  const units = await countUnits(database, model);
  if (units === 0) return undefined;
  const [row] = await database.query<{ rows: number }>(`select count(*)::int as rows from ${quoteName(table)}`);
  return (row?.rows ?? 0) / units;
}

async function countUnits(database: Database, model: string): Promise<number> {
  const [row] = await database.query<{ units: number }>(
    `select count(*)::int as units from ${database.systemSchema}.unit_state where model = $1 and source_key <> ''`,
    [model],
  );
  return row?.units ?? 0;
}

const round = (ratio: number) => Number(ratio.toPrecision(2));
