import type { Project } from "../project/project.ts";
import { createPrinter } from "./print.ts";

/** Opens the project that `--project` names. */
export async function openCliProject(options: { readonly project: string }): Promise<Project> {
  const { openProject } = await import("../project/project.ts");
  const project = await openProject({ directory: options.project });
  const { aside, colors } = createPrinter();
  for (const name of project.registry.unexported)
    aside(`${colors.yellow("▲")} ${name} is defined but not exported: it is not part of the project.`);
  for (const file of project.registry.idleFiles)
    aside(
      `${colors.yellow("▲")} ${file} exports no model, and no model file imports it: it is not part of the project.`,
    );
  return project;
}
