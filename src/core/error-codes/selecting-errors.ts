import { errorSection } from "./error-section.ts";

export const selectingErrors = errorSection("Selecting models", {
  SELECTOR_INVALID: {
    meaning: "A selector cannot be parsed.",
    cause: "A method that does not exist, or a missing value.",
    next: "See `docs/selecting.md` for the syntax; it is dbt's.",
    example: 'Invalid selector "tga:nightly": there is no method "tga". Did you mean "tag"?',
  },
  SELECTOR_UNKNOWN: {
    meaning: "`selector:name` names a selector that the config does not have.",
    cause: "A misspelled name.",
    next: "Add it to `selectors` in `millrace.config.ts`, or fix the name.",
    example: '"selector:nightli": no selector is named "nightli". Did you mean "nightly"?',
  },
  SELECTOR_CYCLE: {
    meaning: "Selectors of the config refer to each other in a circle.",
    cause: "Two selectors that contain each other.",
    next: "Fix `selectors` in `millrace.config.ts`.",
    example: "Selectors refer to each other in a circle: a → b → a.",
  },
  SELECTOR_AMBIGUOUS: {
    meaning: "A short name in a selector belongs to several models.",
    cause: "Models of one name in several namespaces.",
    next: "Write the namespace too, or `*.name` for all of them.",
    example: '"orders" is the name of 2 models: "raw.orders", "shop.orders".',
  },
  STATE_NOT_FOUND: {
    meaning: "The folder after `--state` has no artifacts that can be read.",
    cause: "A wrong path, or a folder that no run has written to.",
    next: "Name a folder with a `manifest.json`: each run writes one to `target/`.",
    example: "target-of-main/manifest.json does not exist.",
  },
  STATE_UNUSED: {
    meaning: "`--state` was given, but no selector compares with it.",
    cause: "A missing `state:` or `result:` in `--select`.",
    next: "Add one, for example `--select state:modified+`.",
    example: "--state is given, but no selector uses it.",
  },
});
