import { sha256 } from "../core/hash.ts";
import { canonicalJson } from "../core/json.ts";
import type { AnyModel } from "../model/define-model.ts";
import { dataColumns, describeTable } from "../table/table-shape.ts";

/** Digest of what, beside its input, decides a unit's output: parameters, `version`, the shape of the table. */
export function programHash(model: AnyModel, config: unknown): string {
  const table = dataColumns(describeTable(model.table)).map(({ name, sqlType, notNull }) => [name, sqlType, notNull]);
  return sha256(
    canonicalJson({ config, version: model.version, table, writeStrategy: model.writeStrategy, by: model.by }),
  );
}
