/** Makes a command to type next, e.g. `npx millrace show demo.titles`. */
export type Suggest = (...words: readonly string[]) => string;

export const suggestPlainly: Suggest = (...words) => ["millrace", ...words].join(" ");

/** The text of an error or a hint, with the commands it names as they are typed here. */
export function withSuggestions(text: string, suggest: Suggest): string {
  return text.replaceAll(/`millrace (\S[^`]*)`/g, (_, words: string) => `\`${suggest(...words.split(" "))}\``);
}
