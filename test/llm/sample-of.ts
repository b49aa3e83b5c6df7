/** The smallest value that fits a JSON Schema of the kind that zod writes. */
export function sampleOf(schema: Readonly<Record<string, unknown>>): unknown {
  const { type, properties, required = [], anyOf, oneOf, minimum = 1 } = schema;
  if ("const" in schema) return schema["const"];
  if (Array.isArray(schema["enum"])) return schema["enum"][0] as unknown;
  const choices = anyOf ?? oneOf;
  if (Array.isArray(choices)) return sampleOf(choices[0] as Record<string, unknown>);
  switch (type) {
    case "string":
      return "text";
    case "number":
    case "integer":
      return Math.max(1, minimum as number);
    case "boolean":
      return true;
    case "array":
      return [sampleOf((schema["items"] ?? {}) as Record<string, unknown>)];
    case "null":
      return null;
    default: {
      const members = Object.entries((properties ?? {}) as Record<string, Record<string, unknown>>);
      const needed = members.filter(([name]) => (required as string[]).includes(name));
      return Object.fromEntries(needed.map(([name, part]) => [name, sampleOf(part)]));
    }
  }
}
