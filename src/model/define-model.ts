import type { SQL } from "drizzle-orm";
import { z } from "zod";
import type { Llm } from "../llm/llm.ts";
import type { PipelineTable } from "../table/pipeline-table.ts";
import { checkDeclaration } from "./check-declaration.ts";
import type { ModelContext } from "./context.ts";
import { type AnyDataTest, type DataTestOf, namedApart } from "./data-test.ts";
import { noteDeclared } from "./declared-models.ts";
import { type Source, sourceByName, type SourceSpec, type UntypedRow } from "./sources.ts";

declare const rowType: unique symbol;

export type WriteStrategy = "replace" | "merge" | "append";
/** One row at a time, one group of rows at a time, the whole table, or a query. */
export type ModelForm = "row" | "group" | "table" | "sql";

/** What a change of code or parameters means for output that is there: made anew, or kept as it is. */
export type OnChange = "rerun" | "keep";

export interface RetryPolicy {
  /** Tries in all; 1 means no retry. */
  readonly maxAttempts?: number;
  /** Wait before the second try, in seconds; doubles from try to try. */
  readonly intervalSeconds?: number;
  readonly backoffRate?: number;
}

/** A file that fills a table. */
export interface SeedFile {
  /** Path in the project's folder. */
  readonly file: string;
  readonly delimiter: string | undefined;
}

/** A model as the registry, the graph and the runner see it; its row types live in `Model<Row>`. */
export interface AnyModel {
  readonly kind: "model";
  readonly name: string;
  readonly description: string | undefined;
  readonly form: ModelForm;
  readonly table: object;
  /** A view holds no rows of its own; only a query can be one. */
  readonly materialized: "table" | "view";
  /** The query of a model of form `sql`. */
  readonly sql: ((sources: never) => SQL) | undefined;
  readonly writeStrategy: WriteStrategy;
  readonly sources: Readonly<Record<string, SourceSpec>>;
  readonly forEach: string | undefined;
  /** Keys of the `forEach` source that make up a group. */
  readonly by: readonly string[] | undefined;
  readonly config: z.ZodType;
  readonly version: string | undefined;
  readonly tags: readonly string[];
  /** Who answers for it. */
  readonly owner: string | undefined;
  /** Facts for people and tools; nothing depends on them. */
  readonly meta: Readonly<Record<string, unknown>>;
  readonly concurrency: number;
  readonly retry: Required<RetryPolicy>;
  readonly timeoutMs: number | undefined;
  /** Tries of a unit, over all runs, before it is quarantined. */
  readonly maxAttempts: number;
  /** Share of the units of a run that may fail before the model does. */
  readonly maxErrorRate: number;
  /** Most that a run may spend on its calls to language models, in US dollars. */
  readonly maxCostUsd: number | undefined;
  readonly onChange: OnChange;
  /** The file that its rows are read from, if they are. */
  readonly seed?: SeedFile;
  /** Each has a name of its own. */
  readonly tests: readonly AnyDataTest[];
  readonly run: (args: never) => Promise<unknown>;
}

/** A declared model. Others read it with `ref(model)`, and its row type comes along. */
export interface Model<Row extends object> extends AnyModel {
  readonly [rowType]: Row;
}

/** Rows of a source. Nothing is read before it is asked for; iterating holds one batch in memory. */
export interface SourceReader<Row> extends AsyncIterable<Row> {
  /** Every row at once, read once. */
  rows(): Promise<readonly Row[]>;
  count(): Promise<number>;
  batches(size: number): AsyncIterable<readonly Row[]>;
}

export interface WriterReceipt {
  readonly rowsWritten: number;
}

/** Takes the rows of a table model. Readers see them when the model has finished, all at once. */
export interface ModelWriter<NewRow> {
  write(rows: NewRow | Iterable<NewRow> | AsyncIterable<NewRow>): Promise<WriterReceipt>;
  receipt(): WriterReceipt;
}

// Sources of every row type are welcome here; `unknown` is their common supertype.
export type Sources = Readonly<Record<string, Source<unknown> | string>>;
export type RowOf<Given> = Given extends Source<infer Row> ? Row : UntypedRow;
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

// An excess property of a returned row is a typing mistake; TypeScript does not see it in inferred results by itself.
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

export interface ModelDeclaration<
  Row extends object,
  NewRow extends object,
  Given extends Sources,
  Result,
  Each extends keyof Given & string,
  By extends string,
  Config extends z.ZodType,
> {
  /** `namespace.model`, unique in the project. */
  readonly name: string;
  readonly description?: string;
  readonly table: PipelineTable<Row, NewRow>;
  /** What happens to rows that are already there; `replace` unless said otherwise. */
  readonly writeStrategy?: WriteStrategy;
  readonly sources: Given;
  /** The source whose rows are the units of this model. */
  readonly forEach?: Each;
  /** Columns of that source; rows that agree in them form one unit. */
  readonly by?: readonly By[];
  /** Parameters, set in the config file, the environment or with `--set`. */
  readonly config?: Config;
  /** A new value makes every unit stale. */
  readonly version?: string | number;
  /** Words to select it by: `--select tag:nightly`. */
  readonly tags?: readonly string[];
  /** Who answers for it: `--select owner:data`. */
  readonly owner?: string;
  /** Facts for people and tools, shown in `ls --json` and the manifest. */
  readonly meta?: Readonly<Record<string, unknown>>;
  /** Units in flight at once; 16 unless said otherwise. */
  readonly concurrency?: number;
  /** How often the whole model is tried when it fails as a whole. */
  readonly retry?: RetryPolicy;
  readonly timeoutMs?: number;
  /** How often a unit may fail, over all runs, before it is quarantined, which is until something about it changes; 3. */
  readonly maxAttempts?: number;
  /** Fails the model when a larger share of a run's units fails, from 0 to 1; without it no share is too large. */
  readonly maxErrorRate?: number;
  /** Most that one run may spend on this model's calls to language models, in US dollars; the run's own sum holds too. */
  readonly maxCostUsd?: number;
  /** With `keep`, new code or parameters apply to new and changed units only; `rerun` unless said otherwise. */
  readonly onChange?: OnChange;
  /** What must hold for the rows: `notNull`, `unique` and the like. `millrace build` and `millrace test` look. */
  readonly tests?: readonly DataTestOf<NoInfer<Row>>[];
  run(
    this: void,
    args: RunArguments<Given, Each, By, NewRow, z.output<Config>>,
  ): Promise<Result & ([Each] extends [never] ? unknown : Exact<Result, NewRow>)>;
}

/**
 * Declares a model: the table it fills, what it reads, and the function in between. With `forEach` the function
 * gets one `row` (or with `by` one group) and returns its rows; without, it reads `sources` and fills `writer`.
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
  checkDeclaration("model", declaration);
  const { forEach, by, retry, version } = declaration;
  noteDeclared(declaration.name);
  const model = {
    kind: "model" as const,
    name: declaration.name,
    description: declaration.description,
    form: forEach === undefined ? "table" : by === undefined ? "row" : "group",
    table: declaration.table,
    materialized: "table",
    sql: undefined,
    writeStrategy: declaration.writeStrategy ?? "replace",
    sources: toSpecs(declaration.sources),
    forEach,
    by,
    config: declaration.config ?? z.object({}),
    version: version === undefined ? undefined : String(version),
    tags: declaration.tags ?? [],
    owner: declaration.owner,
    meta: declaration.meta ?? {},
    concurrency: declaration.concurrency ?? 16,
    retry: {
      maxAttempts: retry?.maxAttempts ?? 1,
      intervalSeconds: retry?.intervalSeconds ?? 1,
      backoffRate: retry?.backoffRate ?? 2,
    },
    timeoutMs: declaration.timeoutMs,
    maxAttempts: declaration.maxAttempts ?? 3,
    maxErrorRate: declaration.maxErrorRate ?? 1,
    maxCostUsd: declaration.maxCostUsd,
    onChange: declaration.onChange ?? "rerun",
    tests: namedApart(declaration.tests ?? []),
    run: declaration.run,
  };
  return Object.freeze(model) as unknown as ReturnType<
    typeof defineModel<Row, NewRow, Given, Result, Each, By, Config>
  >;
}

/** Sources as data; a plain name stands for a model or a table. */
export function toSpecs(sources: Sources): Readonly<Record<string, SourceSpec>> {
  const specs = Object.entries(sources).map(([name, source]) => [
    name,
    typeof source === "string" ? sourceByName(source) : source,
  ]);
  return Object.freeze(Object.fromEntries(specs)) as Record<string, SourceSpec>;
}
