import { type ShownForm, shownForm } from "../model/define-sql-model.ts";
import type { Project } from "../run/project.ts";

export interface ListedModel {
  readonly name: string;
  readonly description: string | null;
  readonly form: ShownForm;
  readonly table: string;
  readonly writeStrategy: string;
  readonly upstreams: readonly string[];
  readonly file: string | null;
}

/** The models of a project, every one after those it reads; with a target those of a pipeline only. */
export function listModels(project: Project, target?: string): readonly ListedModel[] {
  const wanted =
    target === undefined
      ? undefined
      : new Set(
          project.resolvePipeline(target).models.map((model) => (typeof model === "string" ? model : model.name)),
        );
  return [...project.graph().values()]
    .filter(({ model }) => wanted?.has(model.name) !== false)
    .map(({ model, shape, upstreams }) => ({
      name: model.name,
      description: model.description ?? null,
      form: shownForm(model),
      table: shape.name,
      writeStrategy: model.writeStrategy,
      upstreams: [...upstreams],
      file: project.registry.fileOf(model.name) ?? null,
    }));
}
