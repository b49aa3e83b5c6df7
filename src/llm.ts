export { cassette } from "./llm/cassette.ts";
export type { CassetteOptions } from "./llm/cassette.ts";
export { fromAiSdk } from "./llm/ai-sdk.ts";
export { anthropic } from "./llm/anthropic.ts";
export { LlmError } from "./llm/llm-error.ts";
export type { LlmErrorKind } from "./llm/llm-error.ts";
export { offlineModel } from "./llm/offline.ts";
export type { OfflineOptions } from "./llm/offline.ts";
export { openAiEmbeddings } from "./llm/openai-embeddings.ts";
export type { OpenAiEmbeddingsOptions } from "./llm/openai-embeddings.ts";
export type { Embedded } from "./llm/embedder.ts";
export type { Embedding, EmbeddingAnswer, EmbeddingTransport } from "./llm/embedding-transport.ts";
export { openAiCompatible } from "./llm/openai-compatible.ts";
export type { OpenAiCompatibleOptions } from "./llm/openai-compatible.ts";
export { openLlm } from "./llm/open-llm.ts";
export type { OpenLlmOptions } from "./llm/open-llm.ts";
export { formatArtifact, loadProgram, withArtifact } from "./llm/optimize/artifact.ts";
export type { Artifact } from "./llm/optimize/artifact.ts";
export type { EvaluateOptions, Evaluation, MeasureOptions } from "./llm/optimize/evaluate.ts";
export { readExamples, splitExamples } from "./llm/optimize/examples.ts";
export type { Example } from "./llm/optimize/examples.ts";
export { exactMatch, judge, meanOf, setF1 } from "./llm/optimize/metrics.ts";
export type { Judgement, Metric, MetricContext, SetF1Options } from "./llm/optimize/metrics.ts";
export type {
  Optimization,
  OptimizeOptions,
  OptimizeProgress,
  SearchSettings,
  Strategy,
} from "./llm/optimize/optimization.ts";
export type { ScoredExample } from "./llm/optimize/scorer.ts";
export { signature, signatureOf } from "./llm/signature.ts";
export type { Signature, SignatureDeclaration } from "./llm/signature.ts";
export type { BatchInput, Llm, LlmOverrides, Prediction } from "./llm/llm.ts";
export type { BatchOptions, BatchProgress, BatchResult } from "./llm/batch.ts";
export type { CacheMode } from "./llm/response-cache.ts";
export type { Telemetry } from "./llm/telemetry.ts";
export type {
  LlmAnswer,
  LlmMessage,
  LlmParams,
  LlmRequest,
  LlmTransport,
  LlmUsage,
  RateLimit,
  StructuredMode,
} from "./llm/transport.ts";
