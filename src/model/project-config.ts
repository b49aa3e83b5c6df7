import { z } from "zod";
import { IssuesError } from "../core/errors.ts";
import type { AnyModel } from "./any-model.ts";
import { describeIssues } from "./describe-issues.ts";
import { documentFiltersSchema } from "./document-filter.ts";
import { exposureSchema } from "./exposure.ts";
import { isModel } from "./registry.ts";
import type { OnRunEnd, OnRunStart } from "./run-hooks.ts";

const patterns = z
  .union([z.string(), z.array(z.string())])
  .transform((value) => (typeof value === "string" ? [value] : value));
const parameters = z.record(z.string(), z.record(z.string(), z.unknown()));

const schema = z.strictObject({
  name: z.string().optional(),
  models: z.union([patterns, z.array(z.custom<AnyModel>(isModel, "expected models or a path"))]).default(["./models"]),
  documents: patterns.default([]),
  database: z.string().optional(),
  target: z
    .string()
    .regex(/^[a-z][a-z0-9_]*$/, "expected lower-case letters, digits and underscores")
    .optional(),
  config: parameters.default({}),
  vars: z.record(z.string(), z.unknown()).default({}),
  /** Selections by name: `nightly: "tag:nightly+"` is `--select selector:nightly`. */
  selectors: z.record(z.string().regex(/^[\w-]+$/, "expected letters, digits, _ and -"), z.string()).default({}),
  /**
   * Filters of documents by what the tables say of them: options of every command that takes document filters, and
   * members of `filters`. `"with-topic": (topic) => sql`select document_id from topics where topic = ${topic}`` is
   * `--with-topic billing`.
   */
  documentFilters: documentFiltersSchema.default({}),
  /** Uses of models outside: dashboards, applications, notebooks. */
  exposures: z
    .array(exposureSchema)
    .default([])
    .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, "two exposures have the same name"),
  onRunStart: z.custom<OnRunStart>((value) => typeof value === "function", "expected a function").optional(),
  onRunEnd: z.custom<OnRunEnd>((value) => typeof value === "function", "expected a function").optional(),
  llm: z
    .strictObject({
      /** `provider:model`, an OpenAI-compatible `http://host/v1#model`, an AI SDK model, or a transport. */
      model: z.union([z.string(), z.custom<object>((value) => typeof value === "object" && value !== null)]).optional(),
      /** The same for `llm.embed`. */
      embeddingModel: z
        .union([z.string(), z.custom<object>((value) => typeof value === "object" && value !== null)])
        .optional(),
      temperature: z.number().min(0).optional(),
      maxOutputTokens: z.number().int().positive().optional(),
      seed: z.number().int().optional(),
      timeoutMs: z.number().int().positive().optional(),
      maxRetries: z.number().int().min(0).optional(),
      /** How long a run waits for a provider that is down, in milliseconds, before it stops; 300,000 unless given. */
      outageTimeoutMs: z.number().int().positive().optional(),
      /** Whether requests and refused answers are kept, for `millrace llm log`; true unless given. */
      storeRequests: z.boolean().optional(),
      /** How long refused answers are kept, in days. */
      keepRejectedDays: z.number().int().min(0).default(7),
      cache: z.enum(["on", "off", "refresh", "only"]).default("on"),
      /** Limits of the provider's key, where its answers do not tell them. */
      requestsPerMinute: z.number().positive().optional(),
      tokensPerMinute: z.number().positive().optional(),
      /** Calls in flight at once; found by itself unless given. */
      maxConcurrency: z.number().int().positive().optional(),
      /** US dollars per million tokens, where the shipped table does not know the model. */
      price: z
        .strictObject({
          inputPer1M: z.number().min(0),
          cachedInputPer1M: z.number().min(0).optional(),
          outputPer1M: z.number().min(0),
        })
        .optional(),
      /** Most that one run may spend on calls, in US dollars. */
      maxCostUsd: z.number().positive().optional(),
    })
    .prefault({}),
});

/** What `millrace.config.ts` exports. Every member may be left out. */
export type ProjectConfigInput = z.input<typeof schema>;

/** A project's settings with their defaults filled in. */
export type ProjectConfig = z.output<typeof schema>;

/**
 * Declares a project.
 *
 * @example
 * export default defineConfig({
 *   models: "./models",
 *   documents: ["./docs/**\/*.md"],
 *   database: process.env.DATABASE_URL,
 *   config: { "indexing.document_sections": { maxSectionChars: 4_000 } },
 * });
 */
export function defineConfig(config: ProjectConfigInput): ProjectConfigInput {
  return config;
}

/** Fills defaults and reports every wrong setting at once. */
export function resolveProjectConfig(input: unknown, file: string): ProjectConfig {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const issues = describeIssues(result.error, schema, { code: "CONFIG_INVALID", root: "config" });
  throw new IssuesError("CONFIG_INVALID", `Invalid settings in ${file}:`, issues, {
    hint: "Fix the settings above; defineConfig() shows the allowed ones in the editor.",
  });
}
