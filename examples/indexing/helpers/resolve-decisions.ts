import { CREATE_NEW, mergeWith } from "./decide-with-rules.ts";
import { byCodePoint, canonicalName, entityIdOf } from "./entity-key.ts";
import { followTargets } from "./follow-targets.ts";

export interface DecidedName {
  readonly nameId: string;
  readonly entityName: string;
  readonly entityType: string;
  readonly clusterId: string;
  readonly decision: string;
  readonly canonicalName: string;
}

export interface ResolvedName {
  readonly nameId: string;
  readonly canonicalName: string;
  readonly resolvedEntityId: string;
  readonly operation: "CREATED" | "MERGED" | "LINKED";
}

/** Follows every decision to the name that it ends at; names that end at one name are one entity. */
export function resolveDecisions(names: readonly DecidedName[]): ResolvedName[] {
  const byId = new Map(names.map((name) => [name.nameId, name]));
  const inCluster = new Map(names.map((name) => [placeOf(name, name.entityName), name]));
  const targetOf = (name: DecidedName): DecidedName | undefined => {
    const { decision } = name;
    if (decision === CREATE_NEW) return undefined;
    const target = decision.startsWith(mergeWith(""))
      ? inCluster.get(placeOf(name, decision.slice(mergeWith("").length)))
      : byId.get(decision);
    return target?.entityType === name.entityType && target !== name ? target : undefined;
  };
  const roots = followTargets(names, targetOf, firstOf);
  return names.map((name) => {
    const { root, isCycle } = roots.get(name) ?? { root: name, isCycle: false };
    // In a cycle no name was chosen over the others, so none of their proposals counts.
    const canonical = isCycle ? root.entityName : root.canonicalName;
    const target = targetOf(name);
    return {
      nameId: name.nameId,
      canonicalName: canonical,
      resolvedEntityId: entityIdOf(canonical, root.entityType),
      operation:
        name === root || target === undefined ? "CREATED" : target.clusterId === name.clusterId ? "MERGED" : "LINKED",
    };
  });
}

function firstOf(cycle: readonly DecidedName[]): DecidedName {
  const name = canonicalName(cycle.map(({ entityName }) => entityName));
  const [first] = cycle.toSorted(
    (a, b) => Number(b.entityName === name) - Number(a.entityName === name) || byCodePoint(a.nameId, b.nameId),
  );
  // A cycle has members.
  return first as DecidedName;
}

const placeOf = ({ clusterId }: DecidedName, name: string) => `${clusterId} ${name}`;
