import { errorSection } from "./error-section.ts";

export const modelErrors = errorSection("Declaring models", {
  MODEL_INVALID: {
    meaning: "Options of a model are unknown, have a value that is not allowed, or contradict each other.",
    cause: "A misspelled option in JavaScript, or a declaration that `tsc` has not seen.",
    next: "Fix the listed options.",
    example: 'Invalid options for model "shop.orders":',
  },
  MODEL_NAME: {
    meaning: "The name of a model has characters that a name cannot have.",
    cause: "A dash or a space.",
    next: "Use letters, digits and underscores, with dots between namespace and name.",
    example: 'Invalid model name "shop-orders" in models/orders.ts.',
  },
  DUPLICATE_MODEL: {
    meaning: "Two models have one name.",
    cause: "A copied file.",
    next: "Rename one of the two.",
    example: 'Model "shop.orders" is declared twice: in models/a.ts (shop.orders) and in models/b.ts.',
  },
  DUPLICATE_TABLE: {
    meaning: "Two models write to one table.",
    cause: "A copied declaration with a new model name and the old table name.",
    next: "Give one of the two another table.",
    example: 'Table "orders" is declared twice: in models/a.ts (shop.orders) and in models/b.ts.',
  },
  MISSING_UPSTREAM: {
    meaning: "A model reads a model that is not in the project.",
    cause: "A misspelled name in `ref()`, or a model whose file does not export it.",
    next: "Fix the name, or export the model from a file of the models folder.",
    example: 'source "orders" reads model "shop.order", which is not in this project. Did you mean "shop.orders"?',
  },
  CYCLE: {
    meaning: "Models read each other in a circle, so none of them can run first.",
    cause: "A source that was added to a model further up.",
    next: "Remove one of the sources, or split a model in two.",
    example: "dependency cycle: shop.a → shop.b → shop.a",
  },
  SOURCE_NOT_FOUND: {
    meaning: "A source is named that the model does not declare.",
    cause: "A misspelled name in `forEach`, in the model's SQL, or in the rows given to a test.",
    next: "Use a name from the model's `sources`.",
    example: '`forEach` names "order", which is not one of the model\'s sources. Did you mean "orders"?',
  },
  COLUMN_NOT_FOUND: {
    meaning: "A column is named that the table does not have.",
    cause: "A misspelled name, or a column that was renamed or removed.",
    next: "Use a column of that table; the message names the nearest one.",
    example:
      'source "orders" names column "totl", which table "orders" of shop.orders does not have. Did you mean "total"?',
  },
  COLUMN_RESERVED: {
    meaning: "A table declares a column that Millrace adds to every table.",
    cause: "A column of your own with the same name.",
    next: "Leave it out, or rename it.",
    example: 'Table "orders" declares "workflowId", which every table already has.',
  },
  NAME_INVALID: {
    meaning: "Postgres would cut, reject or not find a table, column or enum of this name.",
    cause: "A name that is empty, longer than 63 bytes, that Postgres uses itself, or that two columns share.",
    next: "Give it another name.",
    example: 'The column name "ctid" of table "orders" is one that every table of Postgres has.',
  },
  BY_WITHOUT_FOR_EACH: {
    meaning: "`by` groups the rows of a source, and the model does not say of which one.",
    cause: "`forEach` is missing.",
    next: "Name the source in `forEach`.",
    example: "`by` groups the rows of a source: name that source in `forEach`.",
  },
  PRIMARY_KEY_MISSING: {
    meaning: "A table needs a primary key here, to tell its rows apart.",
    cause: 'A model with `forEach` or `writeStrategy: "merge"` on a table without a key.',
    next: "Declare a primary key, or group the rows with `by`.",
    example:
      'table "orders" has no primary key, so Millrace cannot identify its rows. Give it one, or group with `by`.',
  },
  SCOPED_REPLACE: {
    meaning: "A model reads a part of its source, which depends on the run, and would replace its whole table.",
    cause: 'A function in `where` together with `writeStrategy: "replace"`.',
    next: 'Use `forEach` (and `by`), so that only the units that were read are replaced, or "merge" or "append".',
    example:
      'source "orders" has a function in `where`, so the model reads a part and would replace the whole table. Use `forEach` (and `by`), "merge" or "append".',
  },
  MATCH_COLUMN: {
    meaning: "`match` names a column that the unit does not have.",
    cause: "A misspelled name, or one that is not among the columns of `by`.",
    next: "Use a column of the source of the units, or of `by`.",
    example: 'source "prices" is matched by column "idd", which source "orders" does not have. Did you mean "id"?',
  },
  MATCH_WITHOUT_UNIT: {
    meaning: "`match` pairs rows with the current unit, and there is none.",
    cause: "`match` on a model without `forEach`, or on the source of the units itself.",
    next: "Remove `match`, or add `forEach`.",
    example:
      'source "orders" has `match`, which pairs another source with the current unit; this one has no unit to match.',
  },
  UNIT_KEY_MISSING: {
    meaning: "The table of a query with `forEach` lacks a column that says which unit a row belongs to.",
    cause: "The key of the source is not among the columns of the model's table.",
    next: "Add the column to the table, and select it in the query.",
    example:
      'table "totals" has no column "orderId" for its query to fill, so nothing says which unit of "orders" a row belongs to.',
  },
  UNIT_KEY_TYPE: {
    meaning: "The column that says which unit a row belongs to has another type than the key of the source.",
    cause: "An integer key that is declared as text, or the other way round.",
    next: "Declare both with the same type.",
    example:
      'column "orderId" of table "totals" is text, but the key of "orders" that it holds is integer. Declare it with the same type.',
  },
  UNITS_OF_VIEW: {
    meaning: "A view has `forEach`, but stores no rows that could be kept by unit.",
    cause: '`materialized` is "view", which is the default of a SQL model without a table.',
    next: 'Set `materialized: "table"`, or remove `forEach`.',
    example: 'a view stores no rows, so it has no units. Set `materialized: "table"`.',
  },
  TABLE_MISSING: {
    meaning: "A SQL model that becomes a table has no declared `table`.",
    cause: '`materialized: "table"` without `table`.',
    next: "Declare the table, or make it a view.",
    example: "a query that becomes a table needs a declared `table`; only a view can do without.",
  },
  CONDITION_IN_SQL: {
    meaning: "A source of a SQL model has a condition that its query does not use.",
    cause: "`where` or `match` on a source of a SQL model.",
    next: "Write the condition in the SQL.",
    example: 'source "orders" has `where`, which a query does not use. Write the condition in its SQL.',
  },
  CONTENT_IN_SQL: {
    meaning: "A SQL model asks for the text of documents, which is read from files and is not in the database.",
    cause: "`documents({ content: true })` as a source of a SQL model.",
    next: "Remove `content`, or write the text to a table in a model with `forEach`.",
    example:
      'source "documents" asks for the text of the documents, which may not be in the database. Remove `content`, or let a model with `forEach` write what the query needs to a table.',
  },
  SQL_INVALID: {
    meaning: "The `sql` of a model does not return a query that can be run.",
    cause: "A template without its `sql` tag, or a value that is undefined.",
    next: "Return a template with the tag of `millrace/schema`: sql`select …`.",
    example: 'The `sql` of model "shop.totals" does not return a query.',
  },
  SQL_MODEL: {
    meaning: "A SQL model was called as a function.",
    cause: "`executeModel` with a SQL model.",
    next: "Test it with `unitTest`, or in a project of `createTestProject` from `millrace/testing`.",
    example: 'Model "shop.totals" is a query, which only a database can run.',
  },
  NOT_SQL: {
    meaning: "The command shows the SQL of a model, and this model is a function.",
    cause: "`millrace compile` of a model that `defineModel` declares.",
    next: "`millrace try` shows what a function returns for a few units.",
    example: 'Model "shop.orders" is a function, not a query.',
  },
  WHERE_UNDEFINED: {
    meaning: "A condition in `where` is undefined.",
    cause: "A variable that was never set, or metadata that the run does not have.",
    next: "Give a value, a list or null. Leave the column out to select every row.",
    example: 'The condition on column "country" is undefined.',
  },
  FRESHNESS_INVALID: {
    meaning: "The age in the freshness of a source cannot be read.",
    cause: "A unit of time that is spelled out, or a number without one.",
    next: 'Write minutes, hours or days: "30m", "12h", "2d".',
    example: '"2 days" is not a valid age.',
  },
  TEST_INVALID: {
    meaning: "A data test names a table or column that does not exist, or has an option that is not allowed.",
    cause: "A misspelled name in `tests`, or a column that was renamed.",
    next: "Fix the test in the model that the message names.",
    example: "Tests refer to unknown tables or columns:",
  },
});
