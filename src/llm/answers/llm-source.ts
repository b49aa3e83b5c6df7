import type { AdoptedPrompts } from "../prompts/adopted-prompts.ts";
import type { LlmParams } from "../calls/transport.ts";
import type { Embedder } from "./embedder.ts";
import type { Price } from "./price.ts";
import type { Probe } from "./probe.ts";
import type { LlmSession } from "./session.ts";
import type { Signature } from "../prompts/signature.ts";
import type { Telemetry } from "./telemetry.ts";

/** An answer, checked against its signature, and what it took. */
export interface Prediction<Output> {
  readonly output: Output;
  /** Columns of `llmTelemetry()`: spread them into the row. */
  readonly telemetry: Telemetry;
}

/** Asks a model, and nothing else. */
export interface Predictor {
  /** Asks once. Fails with an `LlmError`, whose `kind` shows what went wrong. */
  predict<Input, Output>(signature: Signature<Input, Output>, input: Input): Promise<Prediction<Output>>;
}

/** What may differ for some calls. What is left out stays as it is configured. */
export interface LlmOverrides extends LlmParams {
  /** `provider:model`, a URL, a model of the AI SDK, or a transport. */
  readonly model?: string | object | undefined;
  /** Of that model, where the shipped table does not know it. */
  readonly price?: Price | undefined;
}

/** A separate budget within that of the run, or a probe, which sends nothing. */
export interface SourceLimits {
  /** Records requests instead of sending them, whatever is overridden further on. */
  readonly probe?: Probe | undefined;
  readonly maxCostUsd?: number | undefined;
  readonly spentUsd?: number | undefined;
}

/** The model of a project, reached at the first call. */
export interface LlmSource {
  /** Provider and name of the model. */
  readonly model: string;
  readonly isOffline: boolean;
  /** Digest of everything, apart from the prompt, that decides an answer. */
  readonly fingerprint: string;
  /** Tuned prompts of the project, by signature. */
  readonly adopted?: AdoptedPrompts | undefined;
  /** What the model's tokens cost; undefined when unknown. */
  price(): Promise<Price | undefined>;
  /** The same with other settings. */
  with(overrides: LlmOverrides & SourceLimits): LlmSource;
  open(): Promise<LlmSession>;
  openEmbedder(): Promise<Embedder>;
}
