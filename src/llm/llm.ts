import type { AskOptions } from "./answers/ask.ts";
import { type BatchOptions, type BatchResult, runBatch, streamBatch } from "./batch.ts";
import type { Embedded } from "./answers/embedder.ts";
import type { Prediction, Predictor, LlmOverrides, LlmSource } from "./answers/llm-source.ts";
import type { EvaluateOptions, Evaluation } from "./tuning/evaluate.ts";
import type { Optimization, OptimizeOptions } from "./tuning/optimization.ts";
import { inContext, sourceInContext } from "./override-context.ts";
import { promptOf } from "./prompts/prompt.ts";
import type { Signature } from "./prompts/signature.ts";

export interface BatchInput<Row, Input> extends BatchOptions {
  /** What of a row is put to the model. */
  readonly input: (row: Row) => Input;
}

/** Asks the configured model. In a model it comes as `llm`; every call counts for the unit that makes it. */
export interface Llm extends Predictor {
  /** Lets the model think in a separate field first; it is returned as `reasoning`. */
  chainOfThought<Input, Output>(
    signature: Signature<Input, Output>,
    input: Input,
  ): Promise<Prediction<Output & { readonly reasoning: string }>>;
  /** Asks for every row; `results[i]` belongs to `rows[i]`. */
  runBatch<Row, Input, Output>(
    signature: Signature<Input, Output>,
    rows: readonly Row[],
    options: BatchInput<Row, Input>,
  ): Promise<readonly BatchResult<Output>[]>;
  /** Asks for rows as they come and yields results as they finish, with the index of their row. */
  streamBatch<Row, Input, Output>(
    signature: Signature<Input, Output>,
    rows: Iterable<Row> | AsyncIterable<Row>,
    options: BatchInput<Row, Input>,
  ): AsyncIterable<BatchResult<Output>>;
  /**
   * Embeds texts; `embeddings[i]` belongs to `texts[i]`. Texts that units ask for at the same time go out together.
   *
   * @example
   * const { embeddings } = await llm.embed([row.name]);
   */
  embed(texts: readonly string[]): Promise<Embedded>;
  /**
   * Measures how well a signature is answered: a score, its confidence interval, every example.
   *
   * @example
   * const { score, interval } = await llm.evaluate(classify, { examples, metric: exactMatch() });
   */
  evaluate<Input, Output, Expected>(
    signature: Signature<Input, Output>,
    options: EvaluateOptions<NoInfer<Input>, NoInfer<Output>, Expected>,
  ): Promise<Evaluation<Output>>;
  /**
   * Searches for demonstrations and instructions that a signature is answered better with.
   *
   * @example
   * const found = await llm.optimize(classify, { train, dev, metric: exactMatch(), maxCostUsd: 2 });
   * if (found.improved) await found.save("programs/classify.json");
   */
  optimize<Input, Output, Expected>(
    signature: Signature<Input, Output>,
    options: OptimizeOptions<NoInfer<Input>, NoInfer<Output>, Expected>,
  ): Promise<Optimization>;
  /**
   * Does work whose calls go to another model, or have other parameters. Nothing that is passed on has to know.
   *
   * @example
   * await llm.context({ model: "openai:gpt-4.1", temperature: 0 }, () => llm.predict(judge, { answer }));
   */
  context<Result>(overrides: LlmOverrides, work: () => Result): Result;
  /** Provider and name of the model that answers. */
  model(): string;
  /** No model is configured: answers are made up from the prompt. */
  readonly isOffline: boolean;
}

// Loaded when somebody asks: most runs do not.
let loading: Promise<typeof import("./answers/ask.ts")> | undefined;
const loadAsk = () => (loading ??= import("./answers/ask.ts"));

/** Binds a model to one caller: its signal, and its account. */
export function createLlm(configured: LlmSource, caller: AskOptions): Llm {
  const predict = async (
    signature: Signature<unknown, unknown>,
    input: unknown,
    { withReasoning = false, signal = caller.signal }: { withReasoning?: boolean; signal?: AbortSignal } = {},
  ) => {
    const source = sourceInContext(configured);
    caller.onAsk?.(signature.name);
    const program = promptOf(signature, { withReasoning, adopted: source.adopted?.get(signature.name) });
    const { ask } = await loadAsk();
    const { output, telemetry } = await ask(await source.open(), program, input, { ...caller, signal });
    caller.onPrediction?.({ signature: signature.name, input, output, withReasoning });
    // The signature's own schema has checked that the output is what it declares.
    return { output, telemetry } as Prediction<never>;
  };
  const askRow =
    <Row, Input, Output>(signature: Signature<Input, Output>, { input }: BatchInput<Row, Input>) =>
    (row: Row, signal: AbortSignal): Promise<Prediction<Output>> =>
      predict(signature, input(row), { signal: AbortSignal.any([signal, caller.signal]) });
  return {
    predict: (signature, input) => predict(signature, input),
    chainOfThought: (signature, input) => predict(signature, input, { withReasoning: true }),
    runBatch: (signature, rows, options) => runBatch(rows, askRow(signature, options), options),
    streamBatch: (signature, rows, options) => streamBatch(rows, askRow(signature, options), options),
    evaluate: async (signature, options) =>
      (await import("./tuning/evaluate.ts")).evaluateSignature(sourceInContext(configured), caller, signature, options),
    optimize: async (signature, options) =>
      (await import("./tuning/optimize.ts")).optimizeSignature(sourceInContext(configured), caller, signature, options),
    embed: async (texts) => (await configured.openEmbedder()).embed(texts, caller),
    context: inContext,
    model: () => sourceInContext(configured).model,
    isOffline: configured.isOffline,
  };
}
