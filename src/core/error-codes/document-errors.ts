import { errorSection } from "./error-section.ts";

export const documentErrors = errorSection("Documents and seeds", {
  DOCUMENTS_NOT_FOUND: {
    meaning:
      "The entries of `documents` match nothing. Runs stop, since a run on no documents would look like a success.",
    cause: "A wrong path, a pattern that matches no file, or a folder that is not mounted.",
    next: "Fix `documents` in `millrace.config.ts`, or add files. If all were removed on purpose, use `--allow-deletes`.",
    example: 'There are no documents. No document matches "docs/*.md" in /home/ann/shop.',
  },
  DOCUMENTS_VANISHED: {
    meaning: "More than half of the documents of an entry are gone. Nothing was changed.",
    cause: "A folder that is missing or not mounted.",
    next: "Bring the folder back. If they were removed on purpose, run again with `--allow-deletes`.",
    example: '40 of 50 documents from "docs" would be removed. Nothing was changed.',
  },
  DOCUMENTS_NOT_ADDED: {
    meaning: "`millrace documents rm` names something that was not added.",
    cause: "An entry of `millrace.config.ts`, or another spelling than the one that was added.",
    next: "`millrace documents ls` shows how documents were added. Remove entries of the config there.",
    example: 'Nothing was added as "docs/*.md".',
  },
  DOCUMENTS_PATTERN_INVALID: {
    meaning: "An entry of `documents` is empty, or an address that is not valid.",
    cause: "An environment variable that is not set, or a typing error in a URL.",
    next: "Name a file, a folder, a pattern or a URL.",
    example: "An entry of `documents` is empty.",
  },
  DOCUMENTS_SET_INVALID: {
    meaning: "The name of a set of documents has characters that it cannot have.",
    cause: "A space or a slash.",
    next: "Use letters, digits, dots and dashes.",
    example: '"my docs" cannot be the name of a set of documents.',
  },
  DOCUMENT_NOT_FOUND: {
    meaning: "No document has this id, path or address, or it is gone since the run began.",
    cause: "A typing error, or too few characters of an id.",
    next: "`millrace documents ls` shows every document with its id.",
    example: 'No document is named "instal.md". Did you mean "docs/install.md"?',
  },
  DOCUMENT_AMBIGUOUS: {
    meaning: "A short name belongs to several documents.",
    cause: "Files of one name in several folders.",
    next: "Give more of the path, or the id.",
    example: '"readme.md" may be any of "a/readme.md", "b/readme.md".',
  },
  DOCUMENT_CHANGED: {
    meaning: "A file changed after the run had listed the documents. The unit fails; the others go on.",
    cause: "Somebody edited the file during the run.",
    next: "Run again: each run re-reads the documents.",
    example: "Document docs/install.md has changed since the documents were synced.",
  },
  DOCUMENT_DUPLICATE: {
    meaning: "Two entries or lines are the same document. Only the first is read.",
    cause: "Two JSONL records with one id.",
    next: "Give each its own id, or remove one.",
    example: "The same document as data.jsonl:1; only the first is read.",
  },
  DOCUMENT_LINK_OUTSIDE: {
    meaning: "A link leads out of the folder that is searched for documents, or into `/proc`, `/dev` or `/sys`.",
    cause: "A link to a file or folder beside the documents.",
    next: "Add what it leads to as an entry of its own to `documents`, or exclude the link with `!`.",
    example: "The link leads out of the folder that is searched.",
  },
  DOCUMENT_UNREADABLE: {
    meaning: "A file or page could not be read.",
    cause: "Missing rights, a file that is gone, or a server that does not answer.",
    next: "Restore the file or the access to it, or remove it from the documents.",
    example: "The file may not be read (permission denied).",
  },
  DOCUMENT_NOT_TEXT: {
    meaning: "The file or page is not text.",
    cause: "A pattern such as `docs/**` that also matches images.",
    next: "Name the extensions in the pattern: `docs/**/*.{md,html}`.",
    example: "The file is not a text file.",
  },
  DOCUMENT_NOT_UTF8: {
    meaning: "The file is not encoded as UTF-8, nor as its byte order mark says, or a page not as it claims.",
    cause: "A file saved as Windows-1252, or as UTF-16 without a byte order mark.",
    next: "Save it as UTF-8.",
    example: "The file is not valid UTF-8.",
  },
  DOCUMENT_TOO_LARGE: {
    meaning: "The file or page is larger than a document may be.",
    cause: "A data file among the documents.",
    next: "Split it, or use JSONL with one record per line.",
    example: "The file is larger than 128 MB.",
  },
  FOLDER_UNREADABLE: {
    meaning: "A folder could not be listed. Its documents stay as they are.",
    cause: "Missing rights.",
    next: "Make the folder readable, or exclude it with `!folder`.",
    example: "The folder could not be listed (EACCES); its documents stay as they are.",
  },
  FRONT_MATTER_INVALID: {
    meaning: "The front matter of a Markdown file is not valid YAML.",
    cause: "A colon or quote in a value that is not quoted.",
    next: "Fix the lines between the first two `---` lines.",
    example: "The front matter is not valid YAML: bad indent (line 3).",
  },
  HTML_INVALID: {
    meaning: "Reading an HTML page took longer than a minute.",
    cause: "A page that was made to be slow.",
    next: "Simplify the page, or exclude it.",
    example: "Reading the HTML took longer than 60 s.",
  },
  RECORD_INVALID: {
    meaning: "A line of a JSONL file is not a document. The other lines are read.",
    cause: 'Invalid JSON, or no text in "content" or "text".',
    next: "Fix the line.",
    example: "Line 2 is not valid JSON.",
  },
  FILTER_INVALID: {
    meaning: "A document filter has a value that is not allowed.",
    cause: "A misspelled status or content type, or a pattern that begins with `!`.",
    next: "Use one of the listed values, or move the pattern to the other option.",
    example: "Invalid document filters:",
  },
  FILTER_UNKNOWN: {
    meaning: "The project declares no document filter of this name.",
    cause: "A misspelled option, or a filter of another project.",
    next: "Use one that the message lists, or declare it as `documentFilters` in `millrace.config.ts`.",
    example: 'There is no document filter "with-entty". Did you mean "with-entity"?',
  },
  FILTER_FAILED: {
    meaning: "The query of a document filter that the project declares failed, or does not return ids.",
    cause: "The model that fills its table has not run yet, or the query returns other columns.",
    next: "Run the models whose tables it reads, or fix the filter: a query of one column, the ids of documents.",
    example: 'Document filter "with-entity": relation "entities" does not exist.',
  },
  LIMIT_INVALID: {
    meaning: "The limit of a list is not a positive integer.",
    cause: "0, a fraction or a negative number.",
    next: "Give a positive integer.",
    example: "The limit must be a positive integer, not 0.",
  },
  SEED_NOT_FOUND: {
    meaning: "The file of a seed does not exist.",
    cause: "A path that is relative to the model file instead of the project.",
    next: "Give the path relative to the project's folder.",
    example: 'Seed file "countries.csv" is not in /home/ann/shop.',
  },
  SEED_FORMAT: {
    meaning: "The file of a seed has an extension that names no format.",
    cause: "A spreadsheet, or a file without an extension.",
    next: "Use .csv, .tsv, .jsonl or .ndjson.",
    example: 'Seed file "countries.xlsx" has an unknown extension.',
  },
  SEED_INVALID: {
    meaning: "A line of a seed does not fit the declared table. Nothing was written.",
    cause:
      "A missing column, a value of another type, a quote that is not closed, an empty file, or one that is not UTF-8.",
    next: "Fix the line, or the table that the seed declares; `encoding`, `ignoreColumns` and `allowEmpty` of a seed say what is meant.",
    example: 'seeds/countries.csv, line 3: "population" is not a number.',
  },
});
