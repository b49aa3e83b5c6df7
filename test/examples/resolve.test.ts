import { describe, expect, test } from "vitest";
import { comparePairs, fewestPairs, nearestElsewhere } from "../../examples/indexing/helpers/compare-block.ts";
import { connectedComponents, spanningPairs } from "../../examples/indexing/helpers/connected-components.ts";
import { countBy } from "../../examples/indexing/helpers/count-by.ts";
import { CREATE_NEW, decideWithRules, mergeWith } from "../../examples/indexing/helpers/decide-with-rules.ts";
import { byCodePoint, entityIdOf } from "../../examples/indexing/helpers/entity-key.ts";
import { resolveClaimDecisions } from "../../examples/indexing/helpers/resolve-claim-decisions.ts";
import { resolveDecisions } from "../../examples/indexing/helpers/resolve-decisions.ts";
import { statementBlocks } from "../../examples/indexing/helpers/statement-blocks.ts";
import { wordBlocks } from "../../examples/indexing/helpers/name-blocks.ts";

const pair = (firstId: string, secondId: string, distance: number) => ({ firstId, secondId, distance });

describe("clusters", () => {
  test("are what hangs together, whatever the order of the pairs", () => {
    const pairs = [pair("a", "b", 0.2), pair("c", "d", 0.1), pair("b", "c", 0.25), pair("d", "e", 0.26)];
    const options = { eps: 0.25, minSamples: 1 };
    const clusters = connectedComponents("edcbaf", pairs, options);
    expect(Object.fromEntries(clusters)).toEqual({ a: "a", b: "a", c: "a", d: "a", e: "e", f: "f" });
    expect(connectedComponents("abcdef", pairs.toReversed(), options)).toEqual(clusters);
  });

  test("need as many neighbours as asked; what belongs nowhere is alone", () => {
    const pairs = [pair("a", "b", 0.1), pair("b", "c", 0.1), pair("d", "e", 0.1)];
    const clusters = connectedComponents("abcde", pairs, { eps: 0.2, minSamples: 3 });
    expect(Object.fromEntries(clusters)).toEqual({ a: "a", b: "a", c: "a", d: "d", e: "e" });
  });

  test("a few of the pairs make the same clusters as all of them, at every distance", () => {
    const pairs = Array.from("abcdefgh").flatMap((a, index) =>
      Array.from("abcdefgh".slice(index + 1), (b, step) => pair(a, b, ((index * 7 + step * 5) % 10) / 10)),
    );
    const few = spanningPairs(pairs);
    expect(few.length).toBe(7);
    for (const eps of [0, 0.1, 0.2, 0.3, 0.5, 0.9]) {
      const options = { eps, minSamples: 1 };
      expect(connectedComponents("abcdefgh", few, options)).toEqual(connectedComponents("abcdefgh", pairs, options));
    }
  });

  test("beyond the clusters only the nearest of other clusters are kept", () => {
    const near = [pair("a", "b", 0.1), pair("b", "c", 0.1), pair("a", "c", 0.2)];
    const far = Array.from({ length: 30 }, (_, index) => pair("a", `x${index + 10}`, 0.26 + index / 1_000));
    const pairs = [...near, pair("a", "c", 0.28), ...far];
    const few = fewestPairs(pairs, { eps: 0.25, minSamples: 1 });
    expect(few.filter(({ distance }) => distance <= 0.25)).toEqual(near.slice(0, 2));
    const clusters = connectedComponents(["a", "b", "c", ...far.map(({ secondId }) => secondId)], pairs, {
      eps: 0.25,
      minSamples: 1,
    });
    const nearest = nearestElsewhere(pairs, clusters);
    expect(nearest.get("a")?.map(({ id }) => id)).toEqual(far.slice(0, 10).map(({ secondId }) => secondId));
    expect(nearestElsewhere(few, clusters).get("a")).toEqual(nearest.get("a"));
  });

  test("a pattern of hundreds makes no cluster of hundreds, and one more leaves the others as they are", () => {
    const id = (index: number) => String(index).padStart(4, "0");
    const chain = (length: number) =>
      Array.from({ length }, (_, index) => pair(id(index), id(index + 1), 0.1 + ((index * 37) % 100) / 1_000));
    const clustersOf = (length: number) =>
      connectedComponents(
        Array.from({ length: length + 1 }, (_, index) => id(index)),
        chain(length),
        {
          eps: 0.25,
          minSamples: 1,
        },
      );
    const [before, after] = [clustersOf(400), clustersOf(401)];
    expect(Math.max(...countBy(before.values()).values())).toBeLessThan(40);
    expect([...before].filter(([name, cluster]) => after.get(name) !== cluster).length).toBeLessThan(10);
  });

  test("a block of thousands is compared in time that grows with it, not with its square", () => {
    const members = Array.from({ length: 4_000 }, (_, index) => ({
      id: String(index),
      order: String(index).padStart(5, "0"),
      embedding: [1, 0],
    }));
    expect(comparePairs(members, 0.1).length).toBeLessThan(4_000 * 61);
  });

  test("abbreviations meet what they stand for; statements with nearly the same words meet", () => {
    expect(wordBlocks("TL")).toEqual(
      expect.arrayContaining(wordBlocks("Tide Ledger").filter((key) => key.startsWith("~"))),
    );
    const shared = (a: string, b: string) => statementBlocks(a).filter((block) => statementBlocks(b).includes(block));
    const statement = "Berth Planner asks Tide Ledger for the depth of every berth before it plans";
    expect(shared(statement, `${statement} anything`)).not.toEqual([]);
    expect(shared(statement, "The cranes need almost nothing and run close to water")).toEqual([]);
  });
});

test("texts sort by code points, as in the database", () => {
  const texts = ["", "a", "ab", "b", "Z", "é", "ｆ", "𝄞", "𝄞a", "\ud7ff", "\ue000", "日本"];
  for (const a of texts)
    for (const b of texts)
      expect(Math.sign(byCodePoint(a, b)), `${a} ${b}`).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
});

describe("merged names", () => {
  test("thousands that are spelled alike are decided about at once, and no row lists them all", () => {
    const names = Array.from({ length: 5_000 }, (_, index) => ({
      nameId: String(index),
      entityName: `Module ${index}`,
      entityType: "product",
      description: null,
      aliases: [],
      similarExisting: [],
    }));
    const decisions = decideWithRules(names);
    expect(new Set(decisions.map(({ canonicalName }) => canonicalName))).toEqual(new Set(["Module 0"]));
    expect(decisions[1]?.reasoning).toContain("4990 more differ in");
  });

  const name = (nameId: string, decision = CREATE_NEW, clusterId = "c") => ({
    nameId,
    entityName: nameId.toUpperCase(),
    entityType: "product",
    clusterId,
    decision,
    canonicalName: nameId.toUpperCase(),
  });
  const resolve = (...names: ReturnType<typeof name>[]) =>
    Object.fromEntries(resolveDecisions(names).map((each) => [each.nameId, [each.canonicalName, each.operation]]));

  test("lead over chains, and over clusters, to the name they end at", () => {
    const names = [
      name("a", mergeWith("B")),
      name("b", mergeWith("C")),
      name("c", "d"),
      name("d", CREATE_NEW, "other"),
    ];
    expect(resolve(...names)).toEqual({
      a: ["D", "MERGED"],
      b: ["D", "MERGED"],
      c: ["D", "LINKED"],
      d: ["D", "CREATED"],
    });
    const ids = resolveDecisions(names).map(({ resolvedEntityId }) => resolvedEntityId);
    expect(new Set(ids)).toEqual(new Set([entityIdOf("D", "product")]));
  });

  test("in a circle are the first of the circle, never one that only leads into it", () => {
    const names = [name("a", mergeWith("C")), name("c", mergeWith("D")), name("d", mergeWith("C"))];
    const expected = { a: ["C", "MERGED"], c: ["C", "CREATED"], d: ["C", "MERGED"] };
    expect(resolve(...names)).toEqual(expected);
    expect(resolve(...names.toReversed())).toEqual(expected);
  });

  test("that point to nothing, to themselves or to another type stay on their own", () => {
    const other = { ...name("d"), entityType: "topic" };
    const names = [name("a", mergeWith("X")), name("b", mergeWith("B")), name("c", "gone"), name("e", "d"), other];
    for (const [canonical, operation] of Object.values(resolve(...names))) {
      expect(operation).toBe("CREATED");
      expect(canonical).toMatch(/^[ABCDE]$/);
    }
  });
});

describe("claims", () => {
  const claim = (claimHash: string, decision: string, parts: object = {}) => ({
    claimHash,
    documentId: claimHash,
    sectionId: "s",
    statement: `Statement ${claimHash}.`,
    claimType: "feature",
    confidence: 0.7,
    decision,
    canonicalStatement: `Statement ${claimHash}.`,
    conflictsWith: [],
    entityIds: [claimHash],
    ...parts,
  });

  test("duplicates of what is merged end at one claim, and bring their entities along", () => {
    const resolved = resolveClaimDecisions([
      claim("a", "DUPLICATE_OF:b"),
      claim("b", "MERGE_WITH:c"),
      claim("c", "CREATE_NEW"),
    ]);
    expect(new Set(resolved.map(({ resolvedClaimId }) => resolvedClaimId)).size).toBe(1);
    expect(resolved.map(({ resolutionAction }) => resolutionAction)).toEqual(["deduplicated", "merged", "created"]);
    expect(resolved[0]?.linkedEntityIds).toEqual(["c", "a", "b"]);
  });

  test("that contradict each other stay two, and say so", () => {
    const [a, b] = resolveClaimDecisions([
      claim("a", "CREATE_NEW"),
      claim("b", "CONFLICT:a", { conflictsWith: ["a"] }),
    ]);
    expect(a?.resolvedClaimId).not.toBe(b?.resolvedClaimId);
    expect(b?.conflictsWithClaimIds).toEqual([a?.resolvedClaimId]);
  });

  test("about no entity are skipped", () => {
    expect(resolveClaimDecisions([claim("a", "CREATE_NEW", { entityIds: [] })])).toMatchObject([
      { resolutionAction: "skipped", resolvedClaimId: null },
    ]);
  });
});
