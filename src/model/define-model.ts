import { z } from "zod";
import type { Llm } from "../llm/llm.ts";
import type { PipelineTable } from "../table/pipeline-table.ts";
import type { WriteStrategy } from "../table/write/apply-stage.ts";
import type { WriterReceipt } from "../table/write/table-writer.ts";
import type { AnyModel, Model, OnChange } from "./any-model.ts";
import type { ModelContext } from "./context.ts";
import { noteDeclared } from "./declared-models.ts";
import {
  aFunction,
  aTable,
  checkDeclaration,
  isObject,
  type Options,
  resolveShared,
  type SharedDeclaration,
  sharedOptions,
  writeOptions,
} from "./shared-declaration.ts";
import type { RowOf, Sources } from "./sources.ts";

/** Rows of a source, read lazily; iterating holds one batch in memory. */
export interface SourceReader<Row> extends AsyncIterable<Row> {
  /** All rows, read once. */
  rows(): Promise<readonly Row[]>;
  count(): Promise<number>;
  batches(size: number): AsyncIterable<readonly Row[]>;
}

/** Takes the rows of a table model. Readers see them when the model has finished, all at once. */
export interface ModelWriter<NewRow> {
  write(rows: NewRow | Iterable<NewRow> | AsyncIterable<NewRow>): Promise<WriterReceipt>;
  receipt(): WriterReceipt;
}

type Readers<Given, Except = never> = {
  readonly [Name in keyof Given as Exclude<Name, Except>]: SourceReader<RowOf<Given[Name]>>;
};

interface SharedArguments<Config> {
  readonly config: Config;
  readonly context: ModelContext;
  /** Fires when the run is cancelled or the model's time is up; pass it to fetch and the like. */
  readonly signal: AbortSignal;
  /** Asks the configured language model; what it costs is counted for the unit. */
  readonly llm: Llm;
}

/** What `run` receives: `row`, or `key` and `rows`, or all sources and a `writer`. */
export type RunArguments<Given, Each, By, NewRow, Config> = SharedArguments<Config> &
  ([Each] extends [never]
    ? { readonly sources: Readers<Given>; readonly writer: ModelWriter<NewRow> }
    : [By] extends [never]
      ? { readonly sources: Readers<Given, Each>; readonly row: RowOf<Given[Each & keyof Given]> }
      : {
          readonly sources: Readers<Given, Each>;
          readonly key: {
            readonly [Key in By & keyof RowOf<Given[Each & keyof Given]>]: RowOf<Given[Each & keyof Given]>[Key];
          };
          readonly rows: readonly RowOf<Given[Each & keyof Given]>[];
        });

interface TypeMessage<Message extends string> {
  readonly __error: Message;
}

// An excess property of a returned row is a typing mistake, which TypeScript does not report in inferred results.
type Exact<Result, NewRow> = Result extends readonly (infer One)[]
  ? readonly Exact<One, NewRow>[]
  : Result extends object
    ? {
        [Key in keyof Result]: Key extends keyof NewRow
          ? Result[Key]
          : TypeMessage<`column '${Key & string}' is not in this model's table`>;
      }
    : Result;
type Output<Each, NewRow> = [Each] extends [never]
  ? void | Readonly<Record<string, number>> | WriterReceipt
  : NewRow | readonly NewRow[] | null;
type ByKeys<Given, Each> = keyof RowOf<Given[Each & keyof Given]> & string;

/**
 * The options of `defineModel`.
 *
 * @see `docs/models.md#options`
 */
export interface ModelDeclaration<
  Row extends object,
  NewRow extends object,
  Given extends Sources,
  Result,
  Each extends keyof Given & string,
  By extends string,
  Config extends z.ZodType,
> extends SharedDeclaration<Row, Given> {
  readonly table: PipelineTable<Row, NewRow>;
  /**
   * What happens to rows that are already there; `replace` unless said otherwise.
   *
   * @see `docs/models.md#what-becomes-of-rows`
   */
  readonly writeStrategy?: WriteStrategy;
  /**
   * The source whose rows are the units of this model.
   *
   * @see `docs/models.md#three-forms`
   */
  readonly forEach?: Each;
  /** Columns of that source; rows that agree in them form one unit. */
  readonly by?: readonly By[];
  /**
   * Parameters, set in the config file, the environment or with `--set`.
   *
   * @see `docs/config.md`
   */
  readonly config?: Config;
  /** Units in flight at once; 16 unless said otherwise. */
  readonly concurrency?: number;
  /** How often a unit may fail, over all runs, before it is quarantined until something about it changes; 3 by default. */
  readonly maxAttempts?: number;
  /** Fails the model when a larger share of a run's units fails, from 0 to 1; without it there is no limit. */
  readonly maxErrorRate?: number;
  /** Most that one run may spend on this model's language model calls, in US dollars; the run's budget applies too. */
  readonly maxCostUsd?: number;
  /**
   * What to do with a group when a unit above it that it is made of has failed: `wait` until that unit is done or
   * accepted, or `process` the rows that are there; `wait` unless said otherwise, so that nothing is paid for half a group.
   */
  readonly incomplete?: "wait" | "process";
  /**
   * With `keep`, new code or parameters apply to new and changed units only; `rerun` unless said otherwise.
   *
   * @see `docs/models.md#what-makes-a-unit-run`
   */
  readonly onChange?: OnChange;
  /**
   * With `false`, a plan never runs the function. By default it runs it for a few units, to see what they would ask
   * language models. Nothing is sent to them, but any other effect of the function is real.
   */
  readonly probe?: boolean;
  run(
    this: void,
    args: RunArguments<Given, Each, By, NewRow, z.output<Config>>,
  ): Promise<Result & ([Each] extends [never] ? unknown : Exact<Result, NewRow>)>;
}

const OPTIONS = z.strictObject({
  ...sharedOptions,
  ...writeOptions,
  table: aTable,
  config: z.custom((value) => isObject(value) && "safeParse" in value, "expected a zod object").optional(),
  concurrency: z.number().int().min(1).optional(),
  maxAttempts: z.number().int().min(1).optional(),
  maxErrorRate: z.number().min(0).max(1).optional(),
  incomplete: z.enum(["wait", "process"]).optional(),
  maxCostUsd: z.number().positive().optional(),
  onChange: z.enum(["rerun", "keep"]).optional(),
  probe: z.boolean().optional(),
  run: aFunction,
} satisfies Options<ModelDeclaration<object, object, Sources, unknown, string, string, z.ZodType>>);

/**
 * Declares a model: the table it fills, what it reads, and the function in between. With `forEach` the function
 * gets one `row` (or with `by` one group) and returns its rows; without, it reads `sources` and fills `writer`.
 *
 * @see `docs/models.md`
 *
 * @example
 * export const titles = defineModel({
 *   name: "demo.titles",
 *   table: pipelineTable("titles", { documentId: text().primaryKey(), title: text() }),
 *   sources: { documents: documents() },
 *   forEach: "documents",
 *   async run({ row }) {
 *     return { documentId: row.id, title: row.title };
 *   },
 * });
 */
export function defineModel<
  Row extends object,
  NewRow extends object,
  const Given extends Sources,
  Result extends Output<Each, NewRow>,
  Each extends keyof Given & string = never,
  const By extends ByKeys<Given, Each> = never,
  Config extends z.ZodType = z.ZodObject<Record<never, never>>,
>(
  declaration: ModelDeclaration<Row, NewRow, Given, Result, Each, By, Config>,
): Model<Row> & { readonly run: (args: RunArguments<Given, Each, By, NewRow, z.output<Config>>) => Promise<Result> } {
  checkDeclaration(OPTIONS, declaration);
  const { forEach, by } = declaration;
  noteDeclared(declaration.name);
  const model: AnyModel = {
    kind: "model",
    ...resolveShared(declaration),
    form: forEach === undefined ? "table" : by === undefined ? "row" : "group",
    table: declaration.table,
    materialized: "table",
    sql: undefined,
    writeStrategy: declaration.writeStrategy ?? "replace",
    forEach,
    by,
    config: declaration.config ?? z.object({}),
    concurrency: declaration.concurrency ?? 16,
    maxAttempts: declaration.maxAttempts ?? 3,
    maxErrorRate: declaration.maxErrorRate ?? 1,
    incomplete: declaration.incomplete ?? "wait",
    maxCostUsd: declaration.maxCostUsd,
    onChange: declaration.onChange ?? "rerun",
    probe: declaration.probe ?? true,
    run: declaration.run,
  };
  return Object.freeze(model) as unknown as ReturnType<
    typeof defineModel<Row, NewRow, Given, Result, Each, By, Config>
  >;
}
