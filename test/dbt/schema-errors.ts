import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";

export type Format = "manifest-v12" | "run-results-v6" | "sources-v3";

/** What dbt's schema has against an artifact; nothing when it is valid. */
export function schemaErrors(format: Format, artifact: unknown): readonly string[] {
  const schema = JSON.parse(readFileSync(new URL(`schemas/${format}.json`, import.meta.url), "utf8")) as object;
  const validate = new Ajv2020({ allErrors: true, strict: false, validateFormats: false }).compile(schema);
  if (validate(artifact)) return [];
  return (validate.errors ?? []).map(({ instancePath, message, params }) => {
    return `${instancePath} ${message ?? ""} ${JSON.stringify(params)}`;
  });
}
