import { sha256 } from "../core/hash.ts";
import { canonicalJson } from "../core/json.ts";
import type { Graph } from "../graph/build-graph.ts";
import { readAdopted } from "../llm/prompts/adopted-prompts.ts";
import type { CodeFingerprint } from "../model/code/code-fingerprint.ts";
import type { Project } from "../project/project.ts";
import { configsOf } from "../run/prepare-run.ts";
import { describeParts, type FingerprintParts } from "../state/fingerprint.ts";
import { queryFingerprint } from "../run/query/query-fingerprint.ts";

type CodeOf = (model: string) => CodeFingerprint | Promise<CodeFingerprint>;

/** What each model is made of, as a manifest keeps it: no database is asked, so sources have no part in it. */
export async function describeFingerprints(
  project: Project,
  graph: Graph,
  codeOf: CodeOf,
): Promise<ReadonlyMap<string, FingerprintParts>> {
  const configs = configsOf(project, graph, {});
  const { model, temperature, maxOutputTokens, seed } = project.config.llm;
  const named = typeof model === "string" ? model : typeof model;
  const fingerprint = sha256(canonicalJson([named, temperature, maxOutputTokens, seed]) ?? "").slice(0, 32);
  const llm = { fingerprint, adopted: readAdopted(project.directory) };
  const fingerprints = new Map<string, FingerprintParts>();
  for (const [name, resolved] of graph) {
    const isQuery = resolved.model.form === "sql";
    const code = isQuery ? queryFingerprint({ resolved, database: { documents: "documents" } }) : await codeOf(name);
    fingerprints.set(name, describeParts(resolved.model, { config: configs.get(name), code, llm, sideInputs: {} }));
  }
  return fingerprints;
}
