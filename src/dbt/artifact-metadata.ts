import { readVersion } from "../core/read-version.ts";

export interface ArtifactMetadata {
  readonly dbt_schema_version: string;
  readonly dbt_version: string;
  readonly generated_at: string;
  readonly invocation_id?: string;
  readonly env: Readonly<Record<string, string>>;
}

/** The head of an artifact of dbt's format: which schema it follows, and who wrote it. */
export async function describeArtifact(
  format: "manifest/v12" | "run-results/v6" | "sources/v3",
  invocationId?: string,
): Promise<ArtifactMetadata> {
  const version = await readVersion();
  return {
    dbt_schema_version: `https://schemas.getdbt.com/dbt/${format}.json`,
    // Readers parse it as a version; what follows the plus sign says who wrote the file.
    dbt_version: `0.0.0+millrace.${version}`,
    generated_at: new Date().toISOString(),
    ...(invocationId === undefined ? {} : { invocation_id: invocationId }),
    env: { MILLRACE_VERSION: version },
  };
}
