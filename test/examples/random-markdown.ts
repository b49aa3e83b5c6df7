/** Numbers in [0, 1) that are the same for the same seed (mulberry32). */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const WORDS = [
  "Harbor",
  "depends",
  "on",
  "Postgres.",
  "the",
  "Anna Keller",
  "`user_id`",
  "**bold**",
  "[link](https://a.example)",
  "\u{1F600}\u{1F3FD}",
  "שלום",
  "Ünï",
  "\t",
  "\u0000",
  "a\u0301",
  "|",
  "***",
  "日本語。",
  "2.5 ms",
  "uses",
  "\uFEFF",
  "&amp;",
  "\\",
  "[",
  "<b>",
  "Why?",
  "x".repeat(90),
];
const BLOCKS = [
  "# Title",
  "## Über uns",
  "Setext\n===",
  "Setext two\n---",
  "```sh\n# no heading\n\n```",
  "~~~\n## no\n```\n~~~",
  "- a\n- b\n\n  # inner",
  "> # quoted\n> text",
  "| a | b |\n|---|---|\n| c | d |",
  "---",
  "    # indented",
  "<!-- # comment\n\n# in html -->",
  "1. one\n2. two",
  "   ",
  "```\nopen",
];

/** Markdown of all kinds in disorder: blocks, words, line endings and characters that are easy to get wrong. */
export function randomMarkdown(seed: number): string {
  const random = seededRandom(seed);
  const pick = (from: readonly string[]) => from[Math.floor(random() * from.length)] ?? "";
  const lineEnding = pick(["\n", "\n", "\r\n", "\r"]);
  const words = () =>
    Array.from({ length: Math.floor(random() * 60) }, () => pick(WORDS)).join(pick([" ", " ", "\n", ""]));
  const blocks = Array.from({ length: Math.floor(random() * 40) }, () => (random() < 0.5 ? pick(BLOCKS) : words()));
  return (pick(["", "", "\uFEFF", "\n\n"]) + blocks.join(pick(["\n\n", "\n\n", "\n"]))).replaceAll("\n", lineEnding);
}
