import { errorSection } from "./error-section.ts";

export const runErrors = errorSection("Runs", {
  RUN_NOT_FOUND: {
    meaning: "No run has this id.",
    cause: "A run of another database, or a typing error.",
    next: "`millrace runs ls` shows the runs.",
    example: 'There is no run "20260301-120000-ab12cd".',
  },
  RUN_AMBIGUOUS: {
    meaning: "Several runs begin with what was given as an id.",
    cause: "Too few characters.",
    next: "Give a few more characters.",
    example: 'Several runs begin with "20260301": 20260301-120000-ab12cd, 20260301-130000-cd34ef.',
  },
  RUN_ACTIVE: {
    meaning: "The run is still running, so it cannot be resumed.",
    cause: "Another process runs it, or has just resumed it.",
    next: "Follow it with `millrace runs logs <id> --follow`, or wait for its end.",
    example: "Run 20260301-120000-ab12cd is already running, here or in another process.",
  },
  RUN_SUCCEEDED: {
    meaning: "The run succeeded, so there is nothing to resume.",
    cause: "`runs resume` of a run that another process has finished.",
    next: "Start a new run with `millrace run`.",
    example: "Run 20260301-120000-ab12cd succeeded: there is nothing to resume.",
  },
  RUN_OVER: {
    meaning: "The run has ended, so it cannot be cancelled.",
    cause: "It ended before the command reached it.",
    next: "`millrace runs ls` shows what is running.",
    example: "Run 20260301-120000-ab12cd has already ended: succeeded.",
  },
  RUN_CANCELLED: {
    meaning: "The run was cancelled. What it had committed is kept.",
    cause: "Ctrl-C, or `millrace runs cancel`.",
    next: "`millrace runs resume <id>` continues it.",
    example: "The run was cancelled.",
  },
  RUN_GRAPH_CHANGED: {
    meaning: "Models were added, removed or connected differently since the run started, so it cannot be resumed.",
    cause: "An edit between the run and its resumption.",
    next: "Start a new run; units that are done are not processed again.",
    example: "The models of run 20260301-120000-ab12cd have changed since it started.",
  },
  RUN_LOST: {
    meaning: "The run's workflow ended without a result.",
    cause: "The engine's tables were changed or emptied while it ran.",
    next: "Start a new run; what was committed is kept.",
    example: "Run 20260301-120000-ab12cd ended without a result.",
  },
  RUN_NOT_HERE: {
    meaning: "The engine asked this process about a run that it does not have.",
    cause: "The run was stopped in this process while one of its steps was still to start.",
    next: "Resume the run.",
    example: "Run 20260301-120000-ab12cd is not active in this process.",
  },
  ENGINE_FAILED: {
    meaning: "The durable engine (DBOS) could not start.",
    cause: "The database's role may not create schemas or tables.",
    next: "Grant these rights; `millrace doctor` checks the rest.",
    example: "The engine could not start: permission denied for database shop",
  },
  ENGINE_IN_USE: {
    meaning: "Another project in this process already runs pipelines.",
    cause: "A project that was opened and not closed.",
    next: "Close it first: `await using project = await openProject()` does so by itself.",
    example: "This process already has an open project that runs pipelines.",
  },
  ENGINE_CLOSED: {
    meaning: "The engine of this process was closed while a run was using it.",
    cause: "The project was closed before its run had ended.",
    next: "Await the run, then close the project.",
    example: "The engine of this process is closed.",
  },
  LEASE_LOST: {
    meaning: "Another run took the model over. This process wrote nothing after that.",
    cause: "This process did not answer for longer than its lease: it was suspended, or the machine was overloaded.",
    next: "Follow the run that took over: `millrace runs ls` shows it.",
    example:
      'Another run took over model "shop.orders" while this process did not respond; nothing more is written here.',
  },
  MODEL_BUSY: {
    meaning: "Another run is writing this model, and only one may at a time.",
    cause: "Two runs at the same time with `--no-wait`, or `mark` during a run.",
    next: "Wait for that run, or leave out `--no-wait`.",
    example: 'Model "shop.orders" is being written by run 20260301-120000-ab12cd (host:4242).',
  },
  MODEL_FAILED: {
    meaning: "The function of a model threw, or its first units all failed in the same way.",
    cause:
      "A bug in the function, or a service that it needs is down. Attempts of units that fail alike are not counted.",
    next: "Fix the function, then resume the run. `--verbose` shows the whole stack.",
    example: 'Model "shop.orders" failed: TypeError: x is not a function',
  },
  MODEL_TIMEOUT: {
    meaning: "The model ran longer than its `timeoutMs`.",
    cause: "More rows than usual, or a call that never returns.",
    next: "Raise `timeoutMs`. Finished units are kept, and the next run continues from there.",
    example: 'Model "shop.orders" did not finish within 60 s.',
  },
  TOO_MANY_FAILURES: {
    meaning: "More units failed than the model's `maxErrorRate` allows.",
    cause: "Bad input, or a function that fails for many units.",
    next: "`millrace show <model> --errors` lists them. Finished units are kept.",
    example: 'Model "shop.orders": 12 of 100 units failed, more than its `maxErrorRate` of 0.1 allows.',
  },
  UNIT_BLOCKED: {
    meaning:
      "A function kept the process busy past the `timeoutMs` of its model, or when it was to stop. It was ended.",
    cause: "A loop without an end, a regular expression that tries everything, or a synchronous call that waits.",
    next: "Fix the function for that unit, then resume the run. Finished units are kept.",
    example: 'Model "shop.orders", unit "4711": its function blocks the process past its `timeoutMs`.',
  },
  UNCAUGHT_ERROR: {
    meaning: "An error that no code waits for: the run was ended as failed.",
    cause: "A promise without `await`, or an error in a timer or an event.",
    next: "Await the promise, or catch the error where it arises.",
    example: 'Model "shop.orders": nobody caught an error: TypeError: x is not a function',
  },
  PROCESS_EXIT: {
    meaning: "The project's code called `process.exit()`, which would have ended the run without a result.",
    cause: "A script that became a model, or a package that exits by itself.",
    next: "Return or throw instead.",
    example: 'Model "shop.orders" called process.exit(0).',
  },
  NEVER_SETTLED: {
    meaning: "The command waits for something that cannot happen any more.",
    cause: "An `await` of a promise that nothing resolves, at the top of a model file or of the config.",
    next: "Remove it; `--verbose` with one file at a time in `models` shows which.",
    example: "The command waits for a promise that nothing can settle any more.",
  },
  OUTPUT_FAILED: {
    meaning: "Standard output cannot be written.",
    cause: "A full disk behind a redirection.",
    next: "Make room, then resume the run.",
    example: "Standard output cannot be written: ENOSPC.",
  },
  INTERRUPTED: {
    meaning: "The command was stopped from outside.",
    cause: "Ctrl-C or SIGTERM.",
    next: "Run it again; a run continues where it stopped.",
    example: "Interrupted.",
  },
  THROWN_VALUE: {
    meaning: "Something that is not an Error was thrown.",
    cause: "`throw` with a text or an object, in a model or a package.",
    next: "Throw an `Error`, so that its stack shows the place.",
    example: "no total",
  },
});

export const rowErrors = errorSection("Rows and units", {
  ROW_INVALID: {
    meaning: "A row that a model returned does not fit its table.",
    cause: "A missing column, a column that does not exist, or a value of another type.",
    next: "Return one object per row with the table's keys. `tsc` finds most of these before a run.",
    example: 'A row of table "orders" cannot be written: "total" is missing.',
  },
  TIME_NOT_A_DATE: {
    meaning: "A model computes with a time that no JavaScript Date can hold.",
    cause: "A column of Dates holds `infinity`, or a year after 275760.",
    next: 'Declare the column with `mode: "string"` to read it as text; handing it on works as it is.',
    example: "A column holds the time infinity, which no Date can hold.",
  },
  DUPLICATE_KEY: {
    meaning: "Two rows have one primary key. None of them was written.",
    cause: "Two units that return the same row, or a key that does not tell the rows apart.",
    next: "Add what distinguishes the rows to the primary key, or write each row from one unit.",
    example: 'Table "orders": units "a" and "b" both write the row {"id":1}.',
  },
  WRITER_CLOSED: {
    meaning: "A row was written after the model's function had returned.",
    cause: "A write that is not awaited.",
    next: "Await every write before the function returns.",
    example: 'A row was written to table "orders" after its model had finished.',
  },
  RECEIPT_INVALID: {
    meaning: "A model that writes its whole table returned something other than counts.",
    cause: "Rows were returned instead of written.",
    next: "Write rows with `writer.write()`, and return counts or nothing.",
    example: 'Model "shop.totals" returned "rows", which is not a number.',
  },
  COLUMNS_DIFFER: {
    meaning: "The query of a SQL model does not return the columns that its table declares.",
    cause: "A column without an alias, or one of another type: `count(*)` is bigint.",
    next: "Name and cast the columns in the SQL (`count(*)::int as items`), or change the declared table.",
    example:
      'The query of model "shop.totals" does not return the columns of "totals": "items" is bigint but declared as integer.',
  },
  FOREIGN_UNIT: {
    meaning: "The query of a SQL model with `forEach` returned a row of a unit that it was not asked for.",
    cause: "The query reads the whole table by name instead of its source, or changes the key.",
    next: "Start from the source in the template: sql`select … from ${orders}`.",
    example: 'The query of model "shop.totals" returns a row for unit "7", which is not one of those it was run for.',
  },
  SQL_FAILED: {
    meaning: "Postgres refused the query of a model, or failed while running it.",
    cause: "An error in the SQL; the message names the line.",
    next: "Fix the query. `millrace compile <model>` shows it as the database gets it.",
    example: 'Model "shop.totals": column "totl" does not exist (line 2 of its SQL: sum(totl)).',
  },
  MODEL_WITHOUT_UNITS: {
    meaning: "The model writes its whole table, so it has no units to look at one by one.",
    cause: "`millrace try` or `explain` of a model without `forEach`.",
    next: "Run the model.",
    example: 'Model "shop.totals" has no units to try: it writes its whole table.',
  },
  NO_UNITS: {
    meaning: "There are no units to try or retry.",
    cause: "The models above have not run yet, or no model in the selection has `forEach`.",
    next: "Run the models that it reads first.",
    example: 'Model "shop.orders" has no units to try.',
  },
  UNIT_NOT_FOUND: {
    meaning: "The model has no unit with this key.",
    cause: "A key of another model, or of a row that is gone.",
    next: "`millrace plan <model> --rows --full-refresh` lists the keys.",
    example: 'Model "shop.orders" has no unit "4711".',
  },
  UNIT_AMBIGUOUS: {
    meaning: "Several units match the key.",
    cause: "Only a part of a key of several columns, or too few characters.",
    next: "Give more of the key.",
    example: 'Several units of "shop.orders" match "47": 4711, 4712.',
  },
  KEY_MISSING: {
    meaning: "The command is about one row or unit, and no key was given.",
    cause: "`explain` or `trace` without a key.",
    next: "Add the key after the model's name.",
    example: 'Model "shop.orders" works in units; give the key of one.',
  },
  KEY_TOO_LONG: {
    meaning: "More values were given than the primary key has columns.",
    cause: "A value of a column that is not part of the key.",
    next: "Write `column=value` for other columns.",
    example: 'Model "shop.orders" has the primary key id, so there is no column for "x".',
  },
  ROW_NOT_FOUND: {
    meaning: "The table has no row with this key.",
    cause: "A typing error, or a row that is gone.",
    next: "`millrace show <model>` shows its rows.",
    example: 'Model "shop.orders" has no row with id 4711.',
  },
  ROW_AMBIGUOUS: {
    meaning: "Several rows match what was given.",
    cause: "Only a part of the key.",
    next: "Give more of the key, or another column as `column=value`.",
    example: 'Model "shop.orders" has several rows with id 47: "4711", "4712".',
  },
  CONDITION_INVALID: {
    meaning: "A condition after `--where` cannot be read.",
    cause: "No `=` in it, or a value that the column's type does not have.",
    next: "Write `column=value`.",
    example: "--where country: expected column=value.",
  },
});

export const testErrors = errorSection("Tests", {
  TESTS_FAILED: {
    meaning: "Data tests of a model found failing rows in a build. What reads the model was not run.",
    cause: "Bad rows, or a test that expects too much.",
    next: "Fix the model, then `millrace runs resume <id>` runs what failed and what was skipped.",
    example: "1 of 3 tests failed: unique(id): 2 rows",
  },
  TEST_SKIPPED: {
    meaning: "A data test did not run, because a model that it reads is not up to date.",
    cause: "That model failed or was skipped in the same build.",
    next: "Fix that model first.",
    example: 'Model "shop.orders", which the test reads, was not brought up to date.',
  },
  UNIT_TEST_FAILED: {
    meaning: "A unit test found other rows than it expected.",
    cause: "The model or the expectation has changed.",
    next: "Compare the lines: `-` is missing, `+` is unexpected, `~` shows expected → actual.",
    example: "customers without orders: the rows differ.",
  },
});
