export { cassette } from "./llm/cassette.ts";
export type { CassetteOptions } from "./llm/cassette.ts";
export { fromAiSdk } from "./llm/providers/ai-sdk/ai-sdk.ts";
export { anthropic } from "./llm/providers/anthropic/anthropic.ts";
export { LlmError } from "./llm/calls/llm-error.ts";
export type { LlmErrorKind } from "./llm/calls/llm-error.ts";
export { offlineModel } from "./llm/providers/offline/offline-model.ts";
export type { OfflineOptions } from "./llm/providers/offline/offline-model.ts";
export { openAiEmbeddings } from "./llm/providers/openai/openai-embeddings.ts";
export type { OpenAiEmbeddingsOptions } from "./llm/providers/openai/openai-embeddings.ts";
export type { Embedded } from "./llm/answers/embedder.ts";
export type { Embedding, EmbeddingAnswer, EmbeddingTransport } from "./llm/calls/embedding-transport.ts";
export { openAiCompatible } from "./llm/providers/openai/openai-compatible.ts";
export type { OpenAiCompatibleOptions } from "./llm/providers/openai/openai-compatible.ts";
export { openLlm } from "./llm/open-llm.ts";
export type { OpenLlmOptions } from "./llm/open-llm.ts";
export { formatTunedPrompt } from "./llm/prompts/tuned-prompt.ts";
export type { TunedPrompt } from "./llm/prompts/tuned-prompt.ts";
export type { EvaluateOptions, Evaluation, MeasureOptions } from "./llm/tuning/evaluate.ts";
export { readExamples, splitExamples } from "./llm/tuning/examples.ts";
export type { Example } from "./llm/tuning/examples.ts";
export { exactMatch, judge, meanOf, setF1 } from "./llm/tuning/metrics.ts";
export type { Judgement, Metric, MetricContext, SetF1Options } from "./llm/tuning/metrics.ts";
export type {
  Optimization,
  OptimizeOptions,
  OptimizeProgress,
  SearchSettings,
  Strategy,
} from "./llm/tuning/optimization.ts";
export type { ScoredExample } from "./llm/tuning/scorer.ts";
export { loadTunedPrompt, signature, signatureOf, withTunedPrompt } from "./llm/prompts/signature.ts";
export type { Signature, SignatureDeclaration } from "./llm/prompts/signature.ts";
export type { BatchInput, Llm } from "./llm/llm.ts";
export type { LlmOverrides, Prediction } from "./llm/answers/llm-source.ts";
export type { BatchOptions, BatchProgress, BatchResult } from "./llm/batch.ts";
export type { CacheMode } from "./llm/answers/response-cache.ts";
export type { Telemetry } from "./llm/answers/telemetry.ts";
export type {
  LlmAnswer,
  LlmMessage,
  LlmParams,
  LlmRequest,
  LlmTransport,
  LlmUsage,
  RateLimit,
  StructuredMode,
} from "./llm/calls/transport.ts";
