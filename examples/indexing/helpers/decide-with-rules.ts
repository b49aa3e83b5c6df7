import { canonicalName, distinct, entityKey } from "./entity-key.ts";

/** A name of a cluster, and what is known of it. */
export interface CandidateName {
  readonly nameId: string;
  readonly entityName: string;
  readonly entityType: string;
  readonly description: string | null;
  readonly aliases: readonly string[] | null;
  readonly similarExisting: readonly { readonly nameId: string; readonly entityName: string }[] | null;
}

/** What becomes of a name; `decision` is `CREATE_NEW`, `MERGE_WITH:<name of the cluster>` or the id of another name. */
export interface EntityDecision {
  readonly decision: string;
  readonly canonicalName: string;
  readonly reasoning: string;
}

/** Names are one entity when nothing but spelling, article, legal form or version tells them apart. */
export function decideWithRules(names: readonly CandidateName[]): EntityDecision[] {
  const keys = names.map(({ entityName, entityType }) => entityKey(entityName, entityType));
  return names.map(({ entityName }, index) => {
    const alike = distinct(names.flatMap((name, other) => (keys[other] === keys[index] ? [name.entityName] : [])));
    const canonical = canonicalName(alike);
    if (alike.length === 1)
      return { decision: CREATE_NEW, canonicalName: canonical, reasoning: "Nothing is spelled alike." };
    const spellings = alike.map((name) => `"${name}"`).join(", ");
    const reasoning = `${spellings} differ in spelling, article, legal form or version only.`;
    const decision = entityName === canonical ? CREATE_NEW : mergeWith(canonical);
    return { decision, canonicalName: canonical, reasoning };
  });
}

export const CREATE_NEW = "CREATE_NEW";
export const mergeWith = (name: string) => `MERGE_WITH:${name}`;
