import { sql } from "millrace/schema";

const LARGEST_WHOLE_BLOCK = 60;
const CUTS_OF_256 = 8;

/**
 * SQL that follows `members` (id, spelling, block, and what else is in `by`): `compared` has them with the part of their
 * block that they are compared in. A block of one is left out. One with a common word in it grows with the number of
 * documents, so a large block is cut along the order of spelling, in parts of about 32. Where to cut follows from the
 * digest of the member there: one that comes or goes changes its own part and no other. What is spelled alike, in a block
 * that begins with "=", stays together.
 */
export const comparedIn = (by: string) => {
  const [block, size] = [sql.raw(by), sql.raw(String(LARGEST_WHOLE_BLOCK))];
  const startsPart = sql`get_byte(sha256(convert_to(m.block || ' ' || m.spelling || ' ' || m.id, 'UTF8')), 0) < ${sql.raw(String(CUTS_OF_256))}`;
  return sql`sizes as (
      select ${block}, count(*) > ${size} and left(block, 1) <> '=' as is_cut
      from members group by ${block} having count(*) > 1
    ), compared as (
      select m.*, '' as part from members as m join sizes as s using (${block}) where not s.is_cut
      union all
      select m.*, coalesce(
        max((m.spelling || ' ' || m.id) collate "C") filter (where ${startsPart})
          over (partition by ${block} order by m.spelling collate "C", m.id collate "C"), '')
      from members as m join sizes as s using (${block}) where s.is_cut
    )`;
};
