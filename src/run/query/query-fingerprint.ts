import { sha256 } from "../../core/hash.ts";
import { canonicalJson } from "../../core/json.ts";
import type { ResolvedModel } from "../../graph/resolved-model.ts";
import type { CodeFingerprint } from "../../model/code/code-fingerprint.ts";
import { renderSqlModel } from "./render-query.ts";

/** The text of a query says all it does, wherever the text comes from. */
export function queryFingerprint({
  resolved,
  database,
}: {
  readonly resolved: ResolvedModel;
  readonly database: { readonly documents: string };
}): CodeFingerprint {
  const { own, values } = renderSqlModel(resolved, database);
  const digest = sha256(canonicalJson([resolved.model.materialized, own, values]));
  return { code: digest, source: digest, asksLlm: false };
}
