// Thinking as models write it into their answers: some begin it in the prompt, so that only its end is seen.
const END_OF_THINKING =
  /<\/(?:think|thinking|reasoning|thought|analysis)>|\[\/THINK\]|◁\/think▷|<\|(?:channel\|>final<\|message|end_of_thought|\/think)\|>/gi;
const FENCE = /```[\w-]*[^\S\n]*\n?([\s\S]*?)```/g;
// A text of braces alone must not take its square in time.
const MAX_STARTS = 100;

/**
 * The values that a text may mean, the likeliest first: models write JSON alone, in a fence, with words around it, or
 * after thinking aloud, in which there may be fences and braces too.
 */
export function* jsonIn(text: string): Generator {
  const whole = parse(text);
  if (whole !== undefined) {
    yield* meanings(whole.value);
    return;
  }
  const ends = [...text.matchAll(END_OF_THINKING)].map(({ index, 0: tag }) => index + tag.length);
  // The last end first: the answer follows it.
  for (const start of [...ends.toReversed().slice(0, 2), 0]) {
    const part = text.slice(start);
    const candidates = [part, ...fencesIn(part).toReversed()].map(parse);
    for (const found of [...candidates, ...objectsIn(part).toReversed()]) {
      if (found !== undefined) yield* meanings(found.value);
    }
  }
}

const fencesIn = (text: string): string[] => [...text.matchAll(FENCE)].map(([, inner = ""]) => inner);

interface Parsed {
  readonly value: unknown;
}

/** Objects in a text, without those nested in another. */
function objectsIn(text: string): Parsed[] {
  const found: Parsed[] = [];
  let start = text.indexOf("{");
  for (let tries = 0; start >= 0 && tries < MAX_STARTS; tries += 1) {
    const end = endOfObject(text, start);
    const parsed = end === undefined ? undefined : parse(text.slice(start, end));
    if (parsed !== undefined) found.push(parsed);
    start = text.indexOf("{", parsed === undefined ? start + 1 : end);
  }
  return found;
}

function endOfObject(text: string, start: number): number | undefined {
  let [depth, isInString] = [0, false];
  for (let index = start; index < text.length; index += 1) {
    const character = text[index];
    if (isInString) {
      if (character === "\\") index += 1;
      else if (character === '"') isInString = false;
    } else if (character === '"') isInString = true;
    else if (character === "{") depth += 1;
    else if (character === "}") {
      depth -= 1;
      if (depth === 0) return index + 1;
    }
  }
  return undefined;
}

/** A value, and its content if the model wrapped it once too often: as text, in a list of one, under an extra name. */
function* meanings(value: unknown): Generator {
  yield value;
  if (typeof value === "string") {
    const inner = parse(value);
    if (inner !== undefined && typeof inner.value === "object") yield inner.value;
  } else if (typeof value === "object" && value !== null) {
    const members = Object.values(value);
    if (members.length === 1 && typeof members[0] === "object") yield members[0];
  }
}

function parse(text: string): Parsed | undefined {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}
