import { errorSection } from "./error-section.ts";

export const commandLineErrors = errorSection("Command line", {
  COMMAND_UNKNOWN: {
    meaning: "There is no such command.",
    cause: "A typing error.",
    next: "`millrace --help` lists the commands.",
    example: '`millrace` has no command "rnu". Did you mean "run"?',
  },
  OPTION_UNKNOWN: {
    meaning: "The command has no such option.",
    cause: "A typing error, or an option before the command.",
    next: "`millrace <command> --help` lists the options.",
    example: '`millrace run` has no option --full-refesh. Did you mean "--full-refresh"?',
  },
  OPTION_VALUE: {
    meaning: "An option lacks its value, or has one that is not allowed.",
    cause: "A forgotten value, or a text where a number is expected.",
    next: "`millrace <command> --help` shows what the option expects.",
    example: "--limit x: expected a whole number above 0.",
  },
  OPTION_MISSING: {
    meaning: "The command needs an option that was not given.",
    cause: "A command that changes something does not guess what.",
    next: "Add the option that the message names.",
    example: "`millrace mark` needs --current.",
  },
  OPTION_REPEATED: {
    meaning: "An option that takes one value was given twice.",
    cause: "A copied command.",
    next: "Give it once.",
    example: "--limit may be given once.",
  },
  REPORTER_INVALID: {
    meaning: "The module of `--reporter` exports no reporter, or its function fails.",
    cause: "A named export in place of the default one, or an object without `onEvent`.",
    next: "Let its default export be an object with `onEvent(event)`, or a class or function that makes one.",
    example: "--reporter reporters/failures.ts: it exports no reporter.",
  },
  OPTIONS_CONFLICT: {
    meaning: "Two options contradict each other.",
    cause: "An alias that already sets one of them.",
    next: "Leave out one of the two.",
    example: "--continue-on-error and --stop-on-error cannot be combined.",
  },
  ARGUMENT_MISSING: {
    meaning: "The command needs a word that was not given.",
    cause: "A forgotten name.",
    next: "`millrace <command> --help` shows what it needs.",
    example: "`millrace show` needs <model>: Name of the model.",
  },
  ARGUMENT_EMPTY: {
    meaning: "A word of the command line is empty.",
    cause: 'A shell variable that is not set, as in `millrace runs resume "$RUN"`.',
    next: "Set the variable, or leave the word out where the command does not need it.",
    example: "`millrace runs resume`: <run> is empty.",
  },
  ARGUMENT_UNKNOWN: {
    meaning: "The command takes fewer words.",
    cause: "A pattern without quotes that the shell has expanded, or several models without `--select`.",
    next: "Quote the pattern, or use `--select`.",
    example: '`millrace run` does not know what to do with "b".',
  },
  CONFIRMATION_NEEDED: {
    meaning: "The command asks before it deletes or changes something, and nobody can answer.",
    cause: "A script or CI job.",
    next: "Add `--yes` if that is what you want.",
    example: "Delete the database? There is no terminal to confirm on.",
  },
});
