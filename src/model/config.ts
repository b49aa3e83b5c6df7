import { z } from "zod";
import { type Issue, IssuesError } from "../core/errors.ts";
import { didYouMean, snakeCase } from "../core/text.ts";
import type { AnyModel } from "./any-model.ts";
import type { ProjectConfig } from "./project-config.ts";

const FALLBACK = "millraceFallback";

/** A parameter that takes a project-wide setting of `vars` when nothing nearer sets it: `fallback: "llm.model"`. */
export function configParam<Schema extends z.ZodType>(schema: Schema, options: { readonly fallback: string }): Schema {
  return schema.meta({ ...schema.meta(), [FALLBACK]: options.fallback });
}

export interface ConfigLayers {
  /** `--set`: `model.parameter` or `parameter` → text. */
  readonly settings: Readonly<Record<string, string>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly project: Pick<ProjectConfig, "config" | "vars">;
}

/** Resolves the parameters of all models; wrong and unknown ones are reported together. */
export function resolveConfigs(models: readonly AnyModel[], layers: ConfigLayers): ReadonlyMap<string, unknown> {
  const issues: Issue[] = [];
  const configs = new Map(models.map((model) => [model.name, resolveConfig(model, layers, issues)]));
  reportUnknown(models, layers, issues);
  if (issues.length === 0) return configs;
  throw new IssuesError("CONFIG_INVALID", "Invalid parameters:", issues, {
    hint: "Parameters are read from --set, the environment, millrace.config.ts and the model's defaults, in this order.",
  });
}

function resolveConfig(model: AnyModel, layers: ConfigLayers, issues: Issue[]): unknown {
  const values: Record<string, unknown> = {};
  for (const [name, parameter] of Object.entries(parametersOf(model))) {
    const found = findValue(model, name, parameter, layers);
    if (found === undefined) continue;
    const value = found.isText ? readText(parameter, String(found.value)) : found.value;
    const result = parameter.safeParse(value);
    if (result.success) values[name] = value;
    else {
      const rule = result.error.issues.map((issue) => issue.message).join("; ");
      issues.push({
        code: "PARAMETER_INVALID",
        path: `${model.name}.${name}`,
        message: `${JSON.stringify(found.value)} from ${found.from}: ${rule}`,
      });
    }
  }
  const result = model.config.safeParse(values);
  if (result.success) return result.data;
  for (const issue of result.error.issues) {
    const path = `${model.name}.${issue.path.join(".")}`;
    if (issues.every((known) => known.path !== path))
      issues.push({ code: "PARAMETER_INVALID", path, message: issue.message });
  }
  return undefined;
}

interface FoundValue {
  readonly value: unknown;
  readonly from: string;
  /** The value was typed by a person: `"20"` may mean the number. */
  readonly isText: boolean;
}

function findValue(model: AnyModel, name: string, parameter: z.ZodType, layers: ConfigLayers): FoundValue | undefined {
  for (const key of [`${model.name}.${name}`, `${namespaceOf(model)}.${name}`, name]) {
    const value = layers.settings[key];
    if (value !== undefined) return { value, from: `--set ${key}`, isText: true };
  }
  const variable = `MILLRACE_${snakeCase(model.name.replaceAll(".", "_"))}_${snakeCase(name)}`.toUpperCase();
  const fromEnvironment = layers.environment[variable];
  if (fromEnvironment !== undefined) return { value: fromEnvironment, from: variable, isText: true };
  for (const section of [model.name, namespaceOf(model)]) {
    const value = layers.project.config[section]?.[name];
    if (value !== undefined) return { value, from: `millrace.config.ts, config["${section}"]`, isText: false };
  }
  const fallback = parameter.meta()?.[FALLBACK];
  const value = typeof fallback === "string" ? layers.project.vars[fallback] : undefined;
  return value === undefined
    ? undefined
    : { value, from: `millrace.config.ts, vars["${String(fallback)}"]`, isText: false };
}

function reportUnknown(models: readonly AnyModel[], layers: ConfigLayers, issues: Issue[]): void {
  const known = models.flatMap((model) =>
    Object.keys(parametersOf(model)).flatMap((name) => [
      `${model.name}.${name}`,
      `${namespaceOf(model)}.${name}`,
      name,
    ]),
  );
  for (const key of Object.keys(layers.settings)) {
    if (known.includes(key)) continue;
    issues.push({
      code: "PARAMETER_UNKNOWN",
      path: `--set ${key}`,
      message: `no model in this run has this parameter.${didYouMean(key, known)}`,
    });
  }
  for (const model of models) {
    const names = Object.keys(parametersOf(model));
    for (const name of Object.keys(layers.project.config[model.name] ?? {})) {
      if (names.includes(name)) continue;
      issues.push({
        code: "PARAMETER_UNKNOWN",
        path: `config["${model.name}"].${name}`,
        message: `the model has no such parameter.${didYouMean(name, names)}`,
      });
    }
  }
}

// Text is first tried unparsed, so that a string parameter may be "20" or "true".
function readText(parameter: z.ZodType, text: string): unknown {
  if (parameter.safeParse(text).success) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function parametersOf(model: AnyModel): Readonly<Record<string, z.ZodType>> {
  return model.config instanceof z.ZodObject ? model.config.shape : {};
}

function namespaceOf(model: AnyModel): string {
  const dot = model.name.indexOf(".");
  return dot < 0 ? model.name : model.name.slice(0, dot);
}
