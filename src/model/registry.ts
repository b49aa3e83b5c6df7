import type { ErrorCode } from "../core/error-codes.ts";
import { UsageError } from "../core/errors.ts";
import { didYouMean } from "../core/text.ts";
import { describeTable } from "../table/table-shape.ts";
import type { AnyModel } from "./any-model.ts";

const NAME = /^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$/i;

// Origin of a model that no file declares.
const CALLER = "the calling code";

/** The models of one project, by name and by table. */
export class ModelRegistry {
  readonly #models = new Map<string, AnyModel>();
  readonly #byTable = new Map<string, AnyModel>();
  readonly #files = new Map<string, string>();
  #unexported: readonly string[] = [];
  #idleFiles: readonly string[] = [];

  /** Adds a model; `file` says where it is declared, if that is a file. The same object may come twice. */
  register(model: AnyModel, file?: string): void {
    if (this.#models.get(model.name) === model) return;
    if (!NAME.test(model.name)) {
      throw new UsageError("MODEL_NAME", `Invalid model name "${model.name}" in ${file ?? CALLER}.`, {
        hint: "Use letters, digits and underscores, with dots between namespace and name: indexing.document_sections.",
      });
    }
    this.#refuseSecond("DUPLICATE_MODEL", `Model "${model.name}"`, this.#models.get(model.name), file);
    const { name: table } = describeTable(model.table);
    this.#refuseSecond("DUPLICATE_TABLE", `Table "${table}"`, this.#byTable.get(table), file);
    this.#models.set(model.name, model);
    this.#byTable.set(table, model);
    if (file !== undefined) this.#files.set(model.name, file);
  }

  /** Remembers which of the models that were defined are not here: their files do not export them. */
  noteUnexported(declared: Iterable<string>): void {
    this.#unexported = [...declared].filter((name) => !this.#models.has(name)).toSorted();
  }

  /** Names of models that are defined in the project's files and exported by none of them. */
  get unexported(): readonly string[] {
    return this.#unexported;
  }

  /** Remembers model files that export no model and that no model file imports. */
  noteIdleFiles(files: readonly string[]): void {
    this.#idleFiles = files;
  }

  get idleFiles(): readonly string[] {
    return this.#idleFiles;
  }

  find(name: string): AnyModel | undefined {
    return this.#models.get(name);
  }

  findByTable(table: string): AnyModel | undefined {
    return this.#byTable.get(table);
  }

  /** The model of this name, or an error that suggests the nearest one. */
  get(name: string): AnyModel {
    const model = this.#models.get(name) ?? this.#byTable.get(name);
    if (model !== undefined) return model;
    if (this.#unexported.includes(name)) {
      throw new UsageError("MODEL_NOT_EXPORTED", `Model "${name}" is defined, but no model file exports it.`, {
        hint: "Add `export` before its `const`.",
      });
    }
    const names = this.list().map((known) => known.name);
    const qualified = names.find((known) => known.endsWith(`.${name}`));
    const nearest = qualified === undefined ? didYouMean(name, names) : ` Did you mean "${qualified}"?`;
    throw new UsageError("MODEL_NOT_FOUND", `Model "${name}" is not in this project.${nearest}`, {
      hint:
        names.length === 0
          ? "The project has no models yet; `millrace new model` creates one."
          : `\`millrace ls\` shows all ${names.length}.`,
    });
  }

  /** In the order of registration. */
  list(): readonly AnyModel[] {
    return [...this.#models.values()];
  }

  fileOf(name: string): string | undefined {
    return this.#files.get(name);
  }

  #refuseSecond(code: ErrorCode, what: string, first: AnyModel | undefined, file = CALLER): void {
    if (first === undefined) return;
    throw new UsageError(
      code,
      `${what} is declared twice: in ${this.fileOf(first.name) ?? CALLER} (${first.name}) and in ${file}.`,
      {
        hint: "Rename one of the two.",
      },
    );
  }
}

/** True for what `defineModel` returns, from any copy of this package. */
export function isModel(value: unknown): value is AnyModel {
  return (
    typeof value === "object" && value !== null && (value as { kind?: unknown }).kind === "model" && "run" in value
  );
}
