import { z } from "zod";
import { IssuesError } from "../core/errors.ts";
import type { AnyModel } from "./any-model.ts";
import { describeIssues } from "./describe-issues.ts";
import { type DocumentFilterDeclaration, type DocumentFilterQuery, documentFiltersSchema } from "./document-filter.ts";
import { type ExposureInput, exposureSchema } from "./exposure.ts";
import { isModel } from "./registry.ts";
import type { Options } from "./shared-declaration.ts";
import type { OnRunEnd, OnRunStart } from "./run-hooks.ts";

interface PriceInput {
  readonly inputPer1M: number;
  readonly cachedInputPer1M?: number | undefined;
  readonly cacheWritePer1M?: number | undefined;
  readonly outputPer1M: number;
}

/** `llm` of a project's config: which language models answer, and how they are asked. */
export interface LlmConfigInput {
  /**
   * `provider:model`, an OpenAI-compatible `http://host/v1#model`, an AI SDK model, or a transport. Without one the
   * offline model invents answers.
   */
  readonly model?: string | object | undefined;
  /** The same for `llm.embed`. */
  readonly embeddingModel?: string | object | undefined;
  readonly temperature?: number | undefined;
  readonly maxOutputTokens?: number | undefined;
  readonly seed?: number | undefined;
  /** Time for one call; 60,000 unless given. */
  readonly timeoutMs?: number | undefined;
  /** How often a failed call is retried; 5 unless given. */
  readonly maxRetries?: number | undefined;
  /** How long a run waits for a provider that is down, in milliseconds, before it stops; 300,000 unless given. */
  readonly outageTimeoutMs?: number | undefined;
  /** Whether requests and refused answers are kept, for `millrace llm log`; true unless given. */
  readonly storeRequests?: boolean | undefined;
  /** How long refused answers are kept, in days; 7 unless given. */
  readonly keepRejectedDays?: number | undefined;
  /** `refresh` asks again and stores the answers, `only` refuses what is not stored; `on` unless given. */
  readonly cache?: "on" | "off" | "refresh" | "only" | undefined;
  /** Limits of the provider's key, where its answers do not state them. */
  readonly requestsPerMinute?: number | undefined;
  readonly tokensPerMinute?: number | undefined;
  /** Calls in flight at once; found by itself unless given. */
  readonly maxConcurrency?: number | undefined;
  /** US dollars per million tokens, where the shipped table does not know the model. */
  readonly price?: PriceInput | undefined;
  /** The same for any model, chat or embedding, by its configured name: `provider:model`, or model. */
  readonly prices?: Readonly<Record<string, PriceInput>> | undefined;
  /** Options by provider, in the terms of its API: `{ openai: { reasoning_effort: "low" } }`. */
  readonly providerOptions?: Readonly<Record<string, Readonly<Record<string, unknown>>>> | undefined;
  /** Budget of one run for calls to language models, in US dollars; `--max-cost` outranks it. */
  readonly maxCostUsd?: number | undefined;
}

/**
 * What `millrace.config.ts` exports. Every member may be left out.
 *
 * @see `docs/config.md`
 */
export interface ProjectConfigInput {
  /** Name of the project in the manifest; its folder's unless given. */
  readonly name?: string | undefined;
  /** Folders or globs of model files, or the models themselves; `./models` unless given. */
  readonly models?: string | readonly string[] | readonly AnyModel[] | undefined;
  /** Folders, globs, JSONL files and web addresses; `!` in front leaves out. */
  readonly documents?: string | readonly string[] | undefined;
  /** URL of a Postgres; `DATABASE_URL`, or else the embedded one, unless given. */
  readonly database?: string | undefined;
  /** Schema for the tables of this project, with Millrace's own in `millrace_<target>` beside it. */
  readonly target?: string | undefined;
  /** Parameters by model or namespace: `{ "notes.lines": { maxChars: 400 } }`. */
  readonly config?: Readonly<Record<string, Readonly<Record<string, unknown>>>> | undefined;
  /** Values that parameters declared with `configParam(…, { fallback })` take. */
  readonly vars?: Readonly<Record<string, unknown>> | undefined;
  /**
   * Selections by name: `nightly: "tag:nightly+"` is `--select selector:nightly`.
   *
   * @see `README.md#choosing-models`
   */
  readonly selectors?: Readonly<Record<string, string>> | undefined;
  /**
   * Document filters that look into tables. Each is an option of the commands that choose documents, and a
   * member of `filters`: a query of one column, the ids of the documents that pass.
   *
   * @example
   * documentFilters: { "with-topic": (topic) => sql`select document_id from topics where topic = ${topic}` }
   * // millrace run --with-topic billing
   *
   * @see `docs/config.md#document-filters`
   */
  readonly documentFilters?: Readonly<Record<string, DocumentFilterQuery | DocumentFilterDeclaration>> | undefined;
  /**
   * Uses of models outside: dashboards, applications, notebooks.
   *
   * @see `README.md#choosing-models`
   */
  readonly exposures?: readonly ExposureInput[] | undefined;
  /** Called before the first model of a run; when it throws, no model runs. */
  readonly onRunStart?: OnRunStart | undefined;
  /** Called after the last model, however the run ended. */
  readonly onRunEnd?: OnRunEnd | undefined;
  /**
   * Language models: which one answers, its limits and its budget.
   *
   * @see `docs/config.md#language-models`
   */
  readonly llm?: LlmConfigInput | undefined;
}

const patterns = z
  .union([z.string(), z.array(z.string())])
  .transform((value) => (typeof value === "string" ? [value] : value));
const parameters = z.record(z.string(), z.record(z.string(), z.unknown()));

const price = z.strictObject({
  inputPer1M: z.number().min(0),
  cachedInputPer1M: z.number().min(0).optional(),
  cacheWritePer1M: z.number().min(0).optional(),
  outputPer1M: z.number().min(0),
});

// The interfaces say what the options are; these say which values they may have.
const llm = z.strictObject({
  model: z.union([z.string(), z.custom<object>((value) => typeof value === "object" && value !== null)]).optional(),
  embeddingModel: z
    .union([z.string(), z.custom<object>((value) => typeof value === "object" && value !== null)])
    .optional(),
  temperature: z.number().min(0).optional(),
  maxOutputTokens: z.number().int().positive().optional(),
  seed: z.number().int().optional(),
  timeoutMs: z.number().int().positive().optional(),
  maxRetries: z.number().int().min(0).optional(),
  outageTimeoutMs: z.number().int().positive().optional(),
  storeRequests: z.boolean().optional(),
  keepRejectedDays: z.number().int().min(0).default(7),
  cache: z.enum(["on", "off", "refresh", "only"]).default("on"),
  requestsPerMinute: z.number().positive().optional(),
  tokensPerMinute: z.number().positive().optional(),
  maxConcurrency: z.number().int().positive().optional(),
  providerOptions: z.record(z.string(), z.record(z.string(), z.unknown())).optional(),
  price: price.optional(),
  prices: z.record(z.string(), price).optional(),
  maxCostUsd: z.number().positive().optional(),
} satisfies Options<LlmConfigInput>);

/** Short enough that Postgres does not truncate it with the longest prefix. */
const MAX_TARGET_LENGTH = 63 - "millrace_".length;
const RESERVED_SCHEMA = /^(pg_.*|information_schema|(millrace|dbos)(_.*)?)$/;

const schema = z.strictObject({
  name: z.string().optional(),
  models: z.union([patterns, z.array(z.custom<AnyModel>(isModel, "expected models or a path"))]).default(["./models"]),
  documents: patterns.default([]),
  database: z.string().optional(),
  target: z
    .string()
    .regex(/^[a-z][a-z0-9_]*$/, "expected lower-case letters, digits and underscores")
    .max(MAX_TARGET_LENGTH, `expected at most ${MAX_TARGET_LENGTH} characters: \`millrace_<target>\` is a schema too`)
    .refine((name) => !RESERVED_SCHEMA.test(name), "this schema belongs to Postgres or to Millrace itself")
    .optional(),
  config: parameters.default({}),
  vars: z.record(z.string(), z.unknown()).default({}),
  selectors: z.record(z.string().regex(/^[\w-]+$/, "expected letters, digits, _ and -"), z.string()).default({}),
  documentFilters: documentFiltersSchema.default({}),
  exposures: z
    .array(exposureSchema)
    .default([])
    .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, "two exposures have the same name"),
  onRunStart: z.custom<OnRunStart>((value) => typeof value === "function", "expected a function").optional(),
  onRunEnd: z.custom<OnRunEnd>((value) => typeof value === "function", "expected a function").optional(),
  llm: llm.prefault({}),
} satisfies Options<ProjectConfigInput>);

/** A project's settings with their defaults filled in. */
export type ProjectConfig = z.output<typeof schema>;

/**
 * Declares a project.
 *
 * @see `docs/config.md`
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
