/** In USD. */
export interface Price {
  readonly inputPer1M: number;
  /** Input that the provider had cached; costs the same as other input unless given. */
  readonly cachedInputPer1M?: number | undefined;
  /** Input that the provider writes to its cache; costs the same as other input unless given. */
  readonly cacheWritePer1M?: number | undefined;
  readonly outputPer1M: number;
  /** What holds for the whole call when its input is longer than this. */
  readonly longInput?: { readonly aboveTokens: number; readonly price: Price } | undefined;
}
