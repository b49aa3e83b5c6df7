/**
 * An embedding in one byte for each of its numbers, as text. What is compared is an angle, which that leaves as it is to
 * the third digit; and a run looks through all of them to see which have changed.
 */
export function packEmbedding(embedding: readonly number[]): string {
  const largest = Math.max(...embedding.map(Math.abs));
  const bytes = Int8Array.from(embedding, (value) => (largest === 0 ? 0 : Math.round((value / largest) * 127)));
  return Buffer.from(bytes.buffer).toString("base64");
}

export function unpackEmbedding(packed: string): readonly number[] {
  return [...new Int8Array(Buffer.from(packed, "base64"))];
}
