export {
  acceptedValues,
  customSql,
  expression,
  notNull,
  relationships,
  rowCount,
  unique,
} from "./data-tests/define-tests.ts";
export type { RelationshipOptions } from "./data-tests/define-tests.ts";
export type { TestStatus } from "./data-tests/judge-test.ts";
export type { ErrorCode } from "./core/error-codes.ts";
export { MillraceError, IssuesError, UsageError } from "./core/errors.ts";
export type { ErrorJson, Issue } from "./core/errors.ts";
export { RowError } from "./core/row-error.ts";
export type { RowErrorOptions } from "./core/row-error.ts";
export { discoverPipeline, resolvePipeline } from "./graph/resolve-pipeline.ts";
export type { Model, RetryPolicy, TestSeverity } from "./model/any-model.ts";
export { configParam } from "./model/config.ts";
export { allDocuments } from "./model/context.ts";
export type { DocumentFilters, ModelContext, RunMode } from "./model/context.ts";
export type { DataTest, DataTestOptions } from "./model/data-test.ts";
export { defineModel } from "./model/define-model.ts";
export type { ModelWriter, SourceReader } from "./model/define-model.ts";
export { defineSqlModel } from "./model/define-sql-model.ts";
export type { SqlModelDeclaration, SqlSource } from "./model/define-sql-model.ts";
export type { DocumentContentRow, DocumentRow } from "./model/document-row.ts";
export { definePipeline } from "./model/pipeline.ts";
export type { Pipeline } from "./model/pipeline.ts";
export type { DocumentFilterDeclaration, DocumentFilterQuery } from "./model/document-filter.ts";
export { defineConfig } from "./model/project-config.ts";
export type { LlmConfigInput, ProjectConfig, ProjectConfigInput } from "./model/project-config.ts";
export type { FreshnessAge, FreshnessSpec } from "./model/freshness.ts";
export type { OnRunEnd, OnRunStart, RunEnd, RunStart } from "./model/run-hooks.ts";
export { ModelRegistry } from "./model/registry.ts";
export { documents, ref } from "./model/sources.ts";
export type { RefOptions, Source } from "./model/sources.ts";
export type { WriteStrategy } from "./table/write/apply-stage.ts";
export type { WriterReceipt } from "./table/write/table-writer.ts";
export type { Reporter, ReporterContext, ReporterFactory } from "./display/reporters/reporter.ts";
export { log, progress } from "./run/log.ts";
export { executeModel } from "./testing/execute-model.ts";
export type { ExecuteOptions } from "./testing/execute-model.ts";
export type { CostGroup, CostLine } from "./state/usage.ts";
export { openProject } from "./project/project.ts";
export type { Explanation } from "./plan/explain-unit.ts";
export type { Estimate, ModelPlan, PlannedReason, PlannedUnit, PlanOptions, RunPlan } from "./plan/run-plan.ts";
export type { OpenProjectOptions, Project } from "./project/project.ts";
export type { UnitOptions } from "./project/project-units.ts";
export type { TriedUnit } from "./plan/try-query.ts";
export type { RowKey } from "./trace/find-row.ts";
export type { TracedDocument } from "./trace/trace-documents.ts";
export type { InputTrace, RowTrace, TracedUnit, TraceOptions } from "./trace/trace.ts";
export type { UnitState } from "./state/unit-state.ts";
export type { Acceptance, FailedUnit, FailedUnits } from "./state/unit-state.ts";
export type { LoggedCall } from "./state/call-log.ts";
export type { SourceFreshness } from "./project/source-freshness.ts";
export type { TestOptions } from "./project/project-tests.ts";
export type { ModelRunRecord } from "./state/model-run-store.ts";
export type { ModelStatus, Receipt, RunResult, RunStatus, Usage } from "./state/results.ts";
export type { TestCounts, TestResult } from "./data-tests/test-result.ts";
export type { ModelSummary, Progress, RunEvent, RunEventListener } from "./state/run-events.ts";
export type { RunOptions } from "./run/run-options.ts";
export type { RunRecord } from "./state/run-store.ts";
export { defineSeed } from "./seeds/define-seed.ts";
export type { SeedDeclaration } from "./seeds/define-seed.ts";
