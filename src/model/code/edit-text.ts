/** Text that replaces `start` to `end`; where the two are equal, it is only inserted. */
export interface TextEdit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** The text with all edits applied, except those inside a range that another edit replaces. */
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
