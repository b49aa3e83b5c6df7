/** What a run is limited to, beside documents. Stored with the run, so that a resume keeps to it. */
export interface RunScope {
  /** At most so many documents, or units of what reads no documents: always the same ones. */
  readonly sample?: number | undefined;
  /** Only units that failed; with codes, only those that failed so. */
  readonly retry?: { readonly codes?: readonly string[] | undefined } | undefined;
}
