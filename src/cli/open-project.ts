import type { Project } from "../run/project.ts";

/** Opens the project that `--project` names. */
export async function openCliProject(options: {
  readonly project: string;
  readonly documents?: readonly string[];
}): Promise<Project> {
  const { openProject } = await import("../run/project.ts");
  const documents = options.documents ?? [];
  return openProject({ directory: options.project, ...(documents.length === 0 ? {} : { documents: [...documents] }) });
}
