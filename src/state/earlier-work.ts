import type { Database } from "../database/connect.ts";

/** How many units of a model were processed per processed unit of its upstream. */
export interface EarlierRatio {
  /** The middle half of the runs lies between them. */
  readonly low: number;
  readonly median: number;
  readonly high: number;
  readonly runs: number;
}

/** In the latest delta runs of both; undefined without any in which the upstream had work. */
export async function earlierRatio(
  database: Database,
  { model, upstream }: { readonly model: string; readonly upstream: string },
): Promise<EarlierRatio | undefined> {
  const system = database.systemSchema;
  const quantile = (share: number) => `percentile_cont(${share}) within group (order by ratio)`;
  const [row] = await database.query<EarlierRatio & Record<string, unknown>>(
    `select ${quantile(0.25)} as low, ${quantile(0.5)} as median, ${quantile(0.75)} as high, count(*)::int as runs from (
       select m.units_done::float8 / u.units_done as ratio
       from ${system}.model_run m join ${system}.model_run u using (run_id) join ${system}.run r using (run_id)
       where m.model = $1 and u.model = $2 and r.mode = 'delta' and u.units_done > 0
         and m.receipt ->> 'status' in ('succeeded', 'partial') and u.receipt ->> 'status' in ('succeeded', 'partial')
       order by r.started_at desc limit 10) as run`,
    [model, upstream],
  );
  return row === undefined || row.runs === 0 ? undefined : row;
}
