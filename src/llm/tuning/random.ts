/** Numbers from 0 up to 1, the same ones for the same seed on every machine. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** The mulberry32 generator. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from 0 up to and without `end`. */
  below(end: number): number {
    return Math.floor(this.next() * end);
  }

  shuffle<Item>(items: readonly Item[]): Item[] {
    const shuffled = [...items];
    for (let index = shuffled.length - 1; index > 0; index -= 1) {
      const other = this.below(index + 1);
      [shuffled[index], shuffled[other]] = [shuffled[other] as Item, shuffled[index] as Item];
    }
    return shuffled;
  }

  sample<Item>(items: readonly Item[], count: number): readonly Item[] {
    return this.shuffle(items).slice(0, count);
  }

  /** One of the items; the higher its weight, the likelier. */
  choose<Item>(items: readonly { readonly item: Item; readonly weight: number }[]): Item | undefined {
    let left = this.next() * items.reduce((sum, { weight }) => sum + weight, 0);
    return (items.find(({ weight }) => (left -= weight) < 0) ?? items.at(-1))?.item;
  }
}
