import type { Project } from "../project/project.ts";

/** Opens the project that `--project` names. */
export async function openCliProject(options: { readonly project: string }): Promise<Project> {
  const { openProject } = await import("../project/project.ts");
  return openProject({ directory: options.project });
}
