const SECRET = /^(?:.*[_-])?(?:token|key|apikey|secret|password|passwd|pwd|auth|signature|sig|credential)$/i;

/** An address as it may be stored and shown: without user, password, and the values of what looks like a key. */
export function publicUrl(address: string): string {
  const url = new URL(address);
  url.username = "";
  url.password = "";
  const secrets = [...url.searchParams.keys()].filter((name) => SECRET.test(name));
  for (const name of secrets) url.searchParams.delete(name);
  return url.href;
}

/** An entry of `documents` as it may be stored and shown. */
export function publicEntry(entry: string): string {
  return /^https?:\/\//i.test(entry) && URL.canParse(entry) && publicUrl(entry) !== new URL(entry).href
    ? publicUrl(entry)
    : entry;
}
