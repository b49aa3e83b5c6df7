import { errorSection } from "./error-section.ts";

export const projectErrors = errorSection("Loading a project", {
  PROJECT_NOT_FOUND: {
    meaning: "The folder has no `millrace.config.ts`, so it is not a project.",
    cause: "The command ran in another folder.",
    next: "Change into the project's folder, pass it with `--project`, or create a project with `millrace init`.",
    example: "No millrace.config.ts in /home/ann.",
  },
  PROJECT_CLOSED: {
    meaning: "A project was used after it had been closed.",
    cause: "A promise was not awaited inside the block that opens the project with `await using`.",
    next: "Await every call before the block ends.",
    example: "The project is already closed.",
  },
  CONFIG_INVALID: {
    meaning:
      "Settings of `millrace.config.ts`, or parameters of models, are unknown or have a value that is not allowed.",
    cause: "A misspelled name, or a value of another type. The message lists every problem with its place.",
    next: "Fix the listed places. `defineConfig()` makes the editor check the config file.",
    example: "Invalid settings in millrace.config.ts:",
  },
  PARAMETER_INVALID: {
    meaning: "A parameter of a model has a value that its schema does not allow.",
    cause: "A text from `--set` or the environment that is not what the schema expects.",
    next: "Give another value. The message names where this one came from.",
    example: '"20" from --set maxSectionChars: Too small: expected number to be >=500',
  },
  PARAMETER_UNKNOWN: {
    meaning: "A parameter was set that no model has.",
    cause: "A misspelled name, or a parameter of a model that is not part of this run.",
    next: "Fix the name, or write `model.parameter` for one model.",
    example: 'no model in this run has this parameter. Did you mean "maxSectionChars"?',
  },
  MODELS_NOT_FOUND: {
    meaning: "An entry of `models` in `millrace.config.ts` matches no file.",
    cause: "The folder was renamed, or is still empty.",
    next: "Fix the entry, or create a first model with `millrace new model`.",
    example: 'No model files match "models" in /home/ann/shop.',
  },
  FILE_FAILED: {
    meaning: "A file of the project could not be imported.",
    cause: "It throws when it is loaded, or imports a file, package or name that does not exist.",
    next: "Fix the place that the message names. `--verbose` shows the whole stack.",
    example: "helpers/deep.ts:3:34 could not be loaded: no key",
  },
  FILE_SYNTAX: {
    meaning: "A file of the project is not valid TypeScript or JavaScript.",
    cause: "A typing error. All files with one are listed.",
    next: "Fix the listed places; `tsc` and the editor show them too.",
    example: '"models/orders.ts" could not be loaded:',
  },
  FILE_NOT_FOUND: {
    meaning: "A file named in a command does not exist.",
    cause: "The path is relative to another folder.",
    next: "Give the path relative to the project's folder.",
    example: "No such file in the project: helpers/prompt.ts.",
  },
  EXPORT_NOT_FOUND: {
    meaning: "A module does not export the name after the `#`.",
    cause: "A misspelled name, or a missing `export`.",
    next: "Use one of the exports that the message lists.",
    example: 'helpers/prompts.ts has no export "clasify". Did you mean "classify"?',
  },
  FILES_EXIST: {
    meaning: "`millrace init` or `new model` would overwrite files. Nothing was written.",
    cause: "The folder already has a project or a model of that name.",
    next: "Choose another folder or name, or move the existing files.",
    example: '/home/ann/shop already has "millrace.config.ts"; nothing was written.',
  },
  FOLDER_NOT_WRITABLE: {
    meaning: "`millrace init` or `new model` cannot create a folder.",
    cause: "A place where you may not write, or where the system keeps no files, as /proc.",
    next: "Choose another folder.",
    example: "The folder /proc/shop cannot be created: ENOENT.",
  },
  IMPORT_CYCLE: {
    meaning: "Model files import each other, so one of them sees a model that is not defined yet.",
    cause: "Two models read each other's tables, or share a file that imports one of them.",
    next: 'Refer to one of them by name instead of importing it: `ref("namespace.model")`.',
    example: "Circular import: models/a.ts → models/b.ts → models/a.ts.",
  },
  REF_UNDEFINED: {
    meaning: "`ref()` was called with undefined.",
    cause: "Two model files import each other.",
    next: 'Refer to one of them by name: `ref("namespace.model")`.',
    example: "ref() was given undefined instead of a model.",
  },
  MODEL_NOT_EXPORTED: {
    meaning: "A model is defined, but no model file exports it.",
    cause: "A missing `export`.",
    next: "Write `export` before its `const`.",
    example: 'Model "shop.orders" is defined, but no model file exports it.',
  },
  MODEL_NOT_FOUND: {
    meaning: "No model has this name.",
    cause: "A misspelled name, or one without its namespace.",
    next: "`millrace ls` shows all models.",
    example: 'Model "orders" is not in this project. Did you mean "shop.orders"?',
  },
  PIPELINE_NOT_FOUND: {
    meaning: "No pipeline, namespace or model has this name.",
    cause: "A misspelled name.",
    next: "`millrace ls` shows the models and their namespaces.",
    example: 'No pipeline, namespace or model is named "shopp". Did you mean "shop"?',
  },
  HOOK_FAILED: {
    meaning: "`onRunStart` threw, so the run did not start any model.",
    cause: "An error in the hook.",
    next: "Fix `onRunStart` in `millrace.config.ts`, then resume the run.",
    example: "onRunStart failed: Error: no webhook",
  },
});
