import { canonicalName, distinct, entityKey } from "./entity-key.ts";

/** A name of a cluster, and what is known of it. */
export interface CandidateName {
  readonly nameId: string;
  readonly entityName: string;
  readonly entityType: string;
  readonly description: string | null;
  readonly aliases: readonly string[];
  readonly similarExisting: readonly { readonly nameId: string; readonly entityName: string }[];
}

/** What becomes of a name; `decision` is `CREATE_NEW`, `MERGE_WITH:<name of the cluster>` or the id of another name. */
export interface EntityDecision {
  readonly decision: string;
  readonly canonicalName: string;
  readonly reasoning: string;
}

// More of them would make every row of a large cluster as long as the cluster.
const MOST_SPELLINGS = 10;

/** Names are one entity when nothing but spelling, article, legal form or version tells them apart. */
export function decideWithRules(names: readonly CandidateName[]): EntityDecision[] {
  const keys = names.map(({ entityName, entityType }) => entityKey(entityName, entityType));
  const spellings = new Map<string, string[]>();
  names.forEach(({ entityName }, index) => {
    const key = keys[index] ?? "";
    const alike = spellings.get(key);
    if (alike === undefined) spellings.set(key, [entityName]);
    else alike.push(entityName);
  });
  const decided = new Map(Array.from(spellings, ([key, alike]) => [key, decideAlike(distinct(alike))]));
  return names.flatMap(({ entityName }, index) => {
    const { canonicalName: canonical, reasoning } = decided.get(keys[index] ?? "") ?? decideAlike([entityName]);
    return {
      decision: entityName === canonical ? CREATE_NEW : mergeWith(canonical),
      canonicalName: canonical,
      reasoning,
    };
  });
}

function decideAlike(names: readonly string[]): Omit<EntityDecision, "decision"> {
  const canonical = canonicalName(names);
  if (names.length === 1) return { canonicalName: canonical, reasoning: "Nothing is spelled alike." };
  const listed = names.slice(0, MOST_SPELLINGS).map((name) => `"${name}"`);
  const more = names.length > MOST_SPELLINGS ? [`${names.length - MOST_SPELLINGS} more`] : [];
  const reasoning = `${[...listed, ...more].join(", ")} differ in spelling, article, legal form or version only.`;
  return { canonicalName: canonical, reasoning };
}

export const CREATE_NEW = "CREATE_NEW";
export const mergeWith = (name: string) => `MERGE_WITH:${name}`;
