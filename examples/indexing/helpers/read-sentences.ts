import { createRequire } from "node:module";
import type compromise from "compromise/two";

const require = createRequire(import.meta.url);

// The word lexicon takes a while to load: a run with nothing to extract does without it.
let loaded: typeof compromise | undefined;
const nlp = (): typeof compromise => (loaded ??= require("compromise/two") as typeof compromise);

export interface Term {
  /** The bare word, without punctuation around it. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** Word classes by the lexicon, such as Verb, Person, Place. */
  readonly tags: ReadonlySet<string>;
  /** Only one blank, or markup, stands between this term and the next. */
  readonly touchesNext: boolean;
}

export interface Sentence {
  readonly start: number;
  readonly end: number;
  /** The sentence as a reader sees it, on one line. */
  readonly text: string;
  readonly terms: readonly Term[];
}

/** A paragraph, heading or table cell. Both texts are as long as its source. */
export interface Prose {
  /** Where it stands in its section. */
  readonly start: number;
  /** What is read as language: blanks for markup, a placeholder for code. */
  readonly language: string;
  /** What a reader sees, with HIDDEN for markup. */
  readonly visible: string;
}

export const HIDDEN = "\0";

/** Sentences and their words. Only the lexicon is asked for word classes: full tagging takes three times as long. */
export function readSentences(blocks: readonly Prose[]): Sentence[] {
  const filled = blocks.filter((block) => block.language.trim() !== "");
  const view = nlp()
    .tokenize(filled.map((block) => block.language).join("\n"))
    .compute("lexicon");
  const blockAt = blockFinder(filled);
  let offset = 0;
  return view.document.flatMap((sentence) => {
    const block = blockAt(offset + (sentence[0]?.pre.length ?? 0));
    const terms = sentence.flatMap((term, index): Term[] => {
      const start = block.shift + offset + term.pre.length;
      const end = start + term.text.length;
      offset = end + term.post.length - block.shift;
      const touchesNext = /^\s*$/.test(term.post + (sentence[index + 1]?.pre ?? ""));
      return term.text === ""
        ? []
        : [{ text: term.text, start, end, tags: term.tags ?? new Set<string>(), touchesNext }];
    });
    const [first] = terms;
    if (first === undefined) return [];
    const end = (terms.at(-1) ?? first).end + (sentence.at(-1)?.post.trimEnd().length ?? 0);
    const visible = block.visible.slice(first.start - block.start, end - block.start);
    return [{ start: first.start, end, text: visible.replaceAll(HIDDEN, "").replace(/\s+/g, " ").trim(), terms }];
  });
}

/** The block at a place in the joined text, asked in rising order; `shift` leads from there to the section. */
function blockFinder(blocks: readonly Prose[]): (joinedOffset: number) => Prose & { shift: number } {
  let index = 0;
  let joinedStart = 0;
  return (joinedOffset) => {
    for (
      let block = blocks[index];
      block && joinedOffset > joinedStart + block.language.length;
      block = blocks[index]
    ) {
      joinedStart += block.language.length + 1;
      index += 1;
    }
    const block = blocks[index] ?? { start: 0, language: "", visible: "" };
    return { ...block, shift: block.start - joinedStart };
  };
}
