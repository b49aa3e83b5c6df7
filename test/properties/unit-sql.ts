import { sql } from "millrace/schema";
import type { ModelSpec } from "./model-spec.ts";

const NAMES: Readonly<Record<string, string>> = { documentId: "document_id" };
const column = (alias: string, key: string) => sql.raw(`${alias}.${NAMES[key] ?? key}`);

/** The query of a model that works in units: a row of each one, or of most. */
export function unitSql(spec: ModelSpec, sources: Record<string, unknown>) {
  const { source, by, behaviour } = spec;
  const { mode, salt, isCoarse, hasExtra } = behaviour;
  const extra = hasExtra ? sql`, ${`extra ${salt}`}::text as extra` : sql``;
  const from = sources["source"];
  const other = sideSql(spec, sources);
  const isKept = (n: ReturnType<typeof sql>) => (mode === "filter" ? sql`(${n} + ${salt}::int) % 3 <> 0` : sql`true`);
  if (by.length === 0) {
    const owner = source.from === "input" ? sql`s.id` : sql`s.owner`;
    const part = source.from === "input" ? sql`0` : sql`s.part`;
    const n = isCoarse ? sql`s.n % 3` : sql`(s.n + ${salt}::int + ${other}) % 97`;
    return sql`select s.id, ${owner} as owner, ${part} as part, s.grp, s.document_id, ${n} as n, s.body${extra}
      from ${from} s where ${isKept(sql`s.n`)}`;
  }
  const key = (name: "grp" | "documentId") => (by.includes(name) ? column("s", name) : sql`null::text`);
  const name = sql`coalesce(${key("grp")}, 'none') || '|' || coalesce(${key("documentId")}, 'none')`;
  const body = isCoarse
    ? sql`'about'`
    : sql`md5(string_agg(to_jsonb(s)::text, ',' order by to_jsonb(s)::text collate "C"))`;
  return sql`select ${name} || '/0' as id, ${name} as owner, 0 as part, ${key("grp")} as grp, ${key("documentId")} as document_id,
      (count(*)::int + ${salt}::int + ${other}) % 97 as n, ${body} as body${extra}
    from ${from} s group by ${sql.join(by.map(key), sql`, `)} having ${isKept(sql`count(*)::int`)}`;
}

function sideSql({ side }: ModelSpec, sources: Record<string, unknown>) {
  if (side === undefined) return sql`0`;
  const pairs = Object.entries(side.match ?? {});
  const matches = pairs.map(([there, here]) => sql`${column("t", there)} = ${column("s", here)}`);
  const where = matches.length === 0 ? sql`true` : sql.join(matches, sql` and `);
  return sql`(select (count(*) + coalesce(sum(t.n), 0))::int % 97 from ${sources["side"]} t where ${where})`;
}
