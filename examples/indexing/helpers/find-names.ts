import type { EntityType } from "./extraction.ts";
import type { Sentence, Term } from "./read-sentences.ts";

/** One place where an entity is named; offsets in the section. */
export interface Mention {
  readonly name: string;
  readonly entityType: EntityType;
  readonly start: number;
  readonly end: number;
  readonly confidence: number;
  readonly alias?: string;
}

const ORGANISATION_WORD =
  /^(?:inc|ltd|llc|gmbh|ag|plc|corp|corporation|company|group|foundation|university|bank|labs?|traders?|logistics|institute|agency|council|union|instruments|industries|systems|technologies)$/i;
const ACRONYM = /^[A-Z][A-Z0-9]{1,7}s?$/;
const NAME_LIKE = /^(?:\p{Lu}|\p{Ll}+\p{Lu})[\p{L}\p{M}\p{N}.&'’-]*$/u;
const VERSION = /^v?\d+(?:\.\d+)*$/;
const NO_NAME_TAGS = ["Month", "WeekDay", "Date", "Holiday", "Ordinal", "Honorific", "Currency"];
const FUNCTION_TAGS = [
  "Determiner",
  "Preposition",
  "Conjunction",
  "Pronoun",
  "QuestionWord",
  "Verb",
  "Modal",
  "Adverb",
  "Negative",
  "Expression",
];
const NO_NAMES = new Set([
  "i",
  "ok",
  "note",
  "warning",
  "tip",
  "todo",
  "e.g",
  "i.e",
  "yes",
  "no",
  "true",
  "false",
  "march",
  "may",
]);

/** Names of people, places, organisations, products and technologies: runs of capitalised words. */
export function findNames(sentences: readonly Sentence[]): Mention[] {
  const inside = namesSupportedByTheRest(sentences);
  return sentences.flatMap((sentence) =>
    withAliases(sentence, nameRuns(sentence.terms, inside)).map(({ mention }) => mention),
  );
}

/** Words that are names even where they start a sentence: capitalised inside one too, or always capitalised and used twice. */
function namesSupportedByTheRest(sentences: readonly Sentence[]): ReadonlySet<string> {
  const inside = sentences.flatMap((sentence) => sentence.terms.slice(1));
  const uncapitalised = new Set(inside.map((term) => term.text));
  const starts = sentences
    .flatMap((sentence) => sentence.terms.slice(0, 1))
    .filter(isNameLike)
    .map(bareName);
  const counts = new Map<string, number>();
  for (const name of starts) counts.set(name, (counts.get(name) ?? 0) + 1);
  const repeated = [...counts].filter(
    ([name, count]) => count > 1 && !uncapitalised.has(name.toLowerCase()) && !name.endsWith("s"),
  );
  return new Set([...inside.filter(isNameLike).map(bareName), ...repeated.map(([name]) => name)]);
}

interface NameRun {
  readonly mention: Mention;
  readonly lastTerm: number;
}

function nameRuns(terms: readonly Term[], namesInside: ReadonlySet<string>): NameRun[] {
  const runs: NameRun[] = [];
  let run: Term[] = [];
  for (const [index, term] of terms.entries()) {
    const startsSentence = index === 0;
    const follows = run.at(-1)?.touchesNext === true;
    const continues = follows && (isNameLike(term) || VERSION.test(term.text));
    if (continues) run.push(term);
    else if (isNameLike(term) && (!startsSentence || canStartWithName(term, terms[1], namesInside))) run = [term];
    else run = [];
    const next = terms[index + 1];
    const goesOn =
      run.length > 0 && term.touchesNext && next !== undefined && (isNameLike(next) || VERSION.test(next.text));
    if (run.length > 0 && !goesOn) {
      runs.push({ mention: toMention(run), lastTerm: index });
      run = [];
    }
  }
  return runs;
}

// The first word of a sentence is capitalised anyway: it is a name if something else says so too.
function canStartWithName(term: Term, next: Term | undefined, namesInside: ReadonlySet<string>): boolean {
  if (FUNCTION_TAGS.some((tag) => term.tags.has(tag)) && !term.tags.has("Person")) return false;
  if (namesInside.has(bareName(term)) || /^.+\p{Lu}/u.test(term.text)) return true;
  if (["Person", "Place", "Organization"].some((tag) => term.tags.has(tag))) return true;
  return next !== undefined && term.touchesNext && isNameLike(next);
}

function isNameLike(term: Term): boolean {
  const name = bareName(term);
  if (name.length < 2 || !NAME_LIKE.test(name) || NO_NAMES.has(name.toLowerCase())) return false;
  return (
    !NO_NAME_TAGS.some((tag) => term.tags.has(tag)) &&
    !["Determiner", "Pronoun", "QuestionWord"].some((tag) => term.tags.has(tag))
  );
}

function toMention(run: readonly Term[]): Mention {
  const name = run.map((term) => bareName(term)).join(" ");
  const start = run[0]?.start ?? 0;
  const end = run.at(-1)?.end ?? start;
  return { name, start, end, ...classify(run, name) };
}

function classify(run: readonly Term[], name: string): { entityType: EntityType; confidence: number } {
  const isTagged = (tag: string) => run.some((term) => term.tags.has(tag));
  if (run.some((term) => ORGANISATION_WORD.test(bareName(term).replace(/\.$/, ""))) || isTagged("Organization")) {
    return { entityType: "organisation", confidence: 0.8 };
  }
  if (isTagged("FirstName") || (isTagged("Person") && run.length > 1))
    return { entityType: "person", confidence: run.length > 1 ? 0.9 : 0.6 };
  if (run.every((term) => term.tags.has("Place"))) return { entityType: "place", confidence: 0.8 };
  if (ACRONYM.test(name.replace(/ v?[\d.]+$/, ""))) return { entityType: "technology", confidence: 0.7 };
  return { entityType: "product", confidence: run.length > 1 ? 0.8 : 0.6 };
}

function bareName(term: Term): string {
  return term.text.replace(/['’]s?$/, "");
}

/** "Harbor Gateway (HGW)" names one thing twice. */
function withAliases(sentence: Sentence, runs: readonly NameRun[]): NameRun[] {
  return runs.flatMap((run, index) => {
    const next = runs[index + 1];
    const before = runs[index - 1];
    if (before && isAbbreviation(sentence, before, run)) return [];
    return next && isAbbreviation(sentence, run, next)
      ? [{ ...run, mention: { ...run.mention, alias: next.mention.name } }]
      : [run];
  });
}

function isAbbreviation({ terms }: Sentence, long: NameRun, short: NameRun): boolean {
  const initials = long.mention.name
    .split(" ")
    .map((word) => word.charAt(0))
    .join("");
  const isNext = short.lastTerm === long.lastTerm + 1 && terms[long.lastTerm]?.touchesNext === false;
  return isNext && initials.length > 1 && short.mention.name === initials;
}
