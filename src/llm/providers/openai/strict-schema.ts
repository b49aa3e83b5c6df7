type Schema = Readonly<Record<string, unknown>>;

// `default` is refused in strict schemas; lengths too by some models, and the answer is checked afterwards anyhow.
const DROPPED: ReadonlySet<string> = new Set(["$schema", "default", "minLength", "maxLength"]);
const FORMATS: ReadonlySet<unknown> = new Set([
  "date-time",
  "time",
  "date",
  "duration",
  "email",
  "hostname",
  "ipv4",
  "ipv6",
  "uuid",
]);
const NOT_STRICT = ["allOf", "not", "if", "prefixItems", "propertyNames", "patternProperties"];

/**
 * The schema as OpenAI takes it under `strict`: every property required, optional ones nullable, no others.
 * Undefined where there is no such schema, as for records with any keys.
 */
export function strictSchema(schema: Schema): Schema | undefined {
  return canBeStrict(schema) ? strict(schema) : undefined;
}

/** The schema without the mention of its dialect, which some servers stumble over. */
export function plainSchema(schema: Schema): Schema {
  return Object.fromEntries(Object.entries(schema).filter(([keyword]) => keyword !== "$schema"));
}

function canBeStrict(schema: unknown): boolean {
  if (!isSchema(schema)) return false;
  if (NOT_STRICT.some((keyword) => keyword in schema)) return false;
  const { additionalProperties } = schema;
  if (additionalProperties === true || isSchema(additionalProperties)) return false;
  const hasShape = ["type", "anyOf", "oneOf", "enum", "const", "$ref"].some((keyword) => keyword in schema);
  return hasShape && partsOf(schema).every(canBeStrict);
}

function partsOf({ items, anyOf, oneOf, properties, $defs }: Schema): readonly unknown[] {
  return [
    ...(items === undefined ? [] : [items]),
    ...[anyOf, oneOf].flatMap((list) => (Array.isArray(list) ? (list as unknown[]) : [])),
    ...[properties, $defs].flatMap((named) => (isSchema(named) ? Object.values(named) : [])),
  ];
}

function strict(schema: Schema): Schema {
  const entries = Object.entries(schema).flatMap(([keyword, value]) => strictKeyword(keyword, value));
  const made = Object.fromEntries(entries);
  if (!hasType(made, "object")) return made;
  const properties = isSchema(made["properties"]) ? made["properties"] : {};
  const required = new Set(Array.isArray(schema["required"]) ? (schema["required"] as unknown[]) : []);
  const named = Object.entries(properties).map(
    ([name, property]) => [name, required.has(name) ? property : nullable(property as Schema)] as const,
  );
  return {
    ...made,
    properties: Object.fromEntries(named),
    required: Object.keys(properties),
    additionalProperties: false,
  };
}

function strictKeyword(keyword: string, value: unknown): (readonly [string, unknown])[] {
  if (DROPPED.has(keyword)) return [];
  if (keyword === "format" && !FORMATS.has(value)) return [];
  // Look-arounds are refused, and zod's pattern for an e-mail address has them.
  if (keyword === "pattern" && String(value).includes("(?")) return [];
  if (keyword === "properties" || keyword === "$defs") {
    const members = Object.entries(value as Schema).map(([name, part]) => [name, strict(part as Schema)]);
    return [[keyword, Object.fromEntries(members)]];
  }
  if (keyword === "anyOf" || keyword === "oneOf") return [["anyOf", (value as Schema[]).map(strict)]];
  return [[keyword, keyword === "items" ? strict(value as Schema) : value]];
}

function nullable(schema: Schema): Schema {
  const { anyOf } = schema;
  const choices = Array.isArray(anyOf) ? (anyOf as Schema[]) : [];
  if ([schema, ...choices].some((choice) => hasType(choice, "null"))) return schema;
  return { anyOf: [schema, { type: "null" }] };
}

const hasType = ({ type }: Schema, name: string): boolean =>
  type === name || (Array.isArray(type) && type.includes(name));

const isSchema = (value: unknown): value is Schema =>
  typeof value === "object" && value !== null && !Array.isArray(value);
