/** What a sync of documents did, or would do. */
export interface DocumentCounts {
  readonly added: number;
  readonly changed: number;
  readonly removed: number;
  readonly unchanged: number;
  readonly failed: readonly unknown[];
}

/** `2 added, 1 removed, 3 unreadable`; `none` where there are no documents at all. */
export function describeDocuments(
  { added, changed, removed, unchanged, failed }: DocumentCounts,
  paintFailed: (text: string) => string = (text) => text,
): string {
  const counts = Object.entries({ added, changed, removed, unchanged, unreadable: failed.length });
  const said = counts
    .filter(([, count]) => count > 0)
    .map(([what, count]) => {
      const text = `${count.toLocaleString("en-US")} ${what}`;
      return what === "unreadable" ? paintFailed(text) : text;
    });
  return said.join(", ") || "none";
}
