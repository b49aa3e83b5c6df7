/** For `toSorted`: the same order on every machine, whatever its language. */
export function ascending<Value extends string | number>(a: Value, b: Value): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
