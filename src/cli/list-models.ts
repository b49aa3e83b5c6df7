import { type ShownForm, shownForm } from "../model/define-sql-model.ts";
import type { Pipeline } from "../model/pipeline.ts";
import type { Project } from "../project/project.ts";

export interface ListedModel {
  readonly name: string;
  readonly description: string | null;
  readonly form: ShownForm;
  readonly table: string;
  readonly writeStrategy: string;
  readonly upstreams: readonly string[];
  readonly file: string | null;
  readonly tags: readonly string[];
  readonly owner: string | null;
  readonly meta: Readonly<Record<string, unknown>>;
}

/** Models of a project, every one after those it reads: all, or those of a pipeline. */
export function listModels(project: Project, pipeline?: Pipeline): readonly ListedModel[] {
  const wanted = pipeline?.models.map((model) => (typeof model === "string" ? model : model.name));
  return [...project.graph().values()]
    .filter(({ model }) => wanted?.includes(model.name) !== false)
    .map(({ model, shape, upstreams }) => ({
      name: model.name,
      description: model.description ?? null,
      form: shownForm(model),
      table: shape.name,
      writeStrategy: model.writeStrategy,
      upstreams: [...upstreams],
      file: project.registry.fileOf(model.name) ?? null,
      tags: model.tags,
      owner: model.owner ?? null,
      meta: model.meta,
    }));
}
