/** Text to put in place of what stands from `start` to `end`; nothing is removed where the two are equal. */
export interface TextEdit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** The text with all edits made, except those within what another one replaces. */
export function editText(text: string, edits: readonly TextEdit[]): string {
  let edited = "";
  let position = 0;
  for (const edit of edits.toSorted((a, b) => a.start - b.start)) {
    if (edit.start < position) continue;
    edited += text.slice(position, edit.start) + edit.text;
    position = edit.end;
  }
  return edited + text.slice(position);
}
