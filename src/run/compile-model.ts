import { UsageError } from "../core/errors.ts";
import { definePipeline } from "../model/pipeline.ts";
import type { AnyModel } from "../model/define-model.ts";
import { graphOf } from "./prepare-run.ts";
import type { Project } from "./project.ts";
import { renderSqlModel } from "./sql-model.ts";

/** The query of a SQL model as the database would be asked it, with its values in it. */
export async function compileModel(project: Project, model: AnyModel): Promise<string> {
  if (model.form !== "sql") {
    throw new UsageError("NOT_SQL", `Model "${model.name}" is a function, not a query.`, {
      hint: `\`millrace try ${model.name}\` shows what it makes of a few units.`,
    });
  }
  const resolved = graphOf(project, definePipeline({ name: model.name, models: [model] })).get(model.name);
  if (resolved === undefined) throw new UsageError("MODEL_NOT_FOUND", `Model "${model.name}" is not in this project.`);
  return renderSqlModel(resolved, await project.openDatabase(), { isInline: true }).text;
}
