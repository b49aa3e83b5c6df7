import { forgetEntries } from "../documents/forget-entries.ts";
import { type ListedDocument, listDocuments } from "../documents/list-documents.ts";
import { type DocumentSync, syncDocuments } from "../documents/sync-documents.ts";
import { documentSet } from "../documents/document-sets.ts";
import { configuredSets, syncSets } from "../documents/sync-sets.ts";
import type { DocumentFilters } from "../model/context.ts";
import type { Workspace } from "./workspace.ts";

/** The documents of a project. */
export class ProjectDocuments {
  readonly #project: Workspace;

  constructor(project: Workspace) {
    this.#project = project;
  }

  /** Brings the documents table to what the configured patterns, and those once added, list now. */
  async sync(options: { readonly allowDeletes?: boolean } = {}): Promise<DocumentSync> {
    const { directory, config } = this.#project;
    const database = await this.#project.openDatabase();
    return syncSets({ database, directory, sets: await configuredSets(database, config.documents), ...options });
  }

  /** Adds documents beside the configured ones. */
  async add(patterns: readonly string[], options: { readonly allowDeletes?: boolean } = {}): Promise<DocumentSync> {
    const database = await this.#project.openDatabase();
    return syncDocuments({
      database,
      directory: this.#project.directory,
      patterns,
      set: documentSet(patterns),
      ...options,
    });
  }

  /** Forgets what was added, or given to a run, as these patterns; returns how many documents went with them. */
  async remove(patterns: readonly string[]): Promise<number> {
    return forgetEntries(await this.#project.openDatabase(), patterns);
  }

  async list(
    options: { readonly filters?: DocumentFilters; readonly limit?: number } = {},
  ): Promise<readonly ListedDocument[]> {
    return listDocuments({
      database: await this.#project.openDatabase(),
      directory: this.#project.directory,
      declared: this.#project.config.documentFilters,
      ...options,
    });
  }
}
