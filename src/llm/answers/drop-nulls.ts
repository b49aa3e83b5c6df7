import type { z } from "zod";

type Schema = Readonly<Record<string, unknown>>;
type Path = readonly PropertyKey[];

const MAX_ROUNDS = 20;

/**
 * The value without the nulls that mean "left out": strict schemas have no optional fields, so models write
 * null there. Only those that do not fit, and of fields that are optional, are dropped; undefined when there are none.
 */
function withoutOptionalNulls(value: unknown, issues: readonly z.core.$ZodIssue[], schema: Schema): unknown {
  const paths = issues.flatMap((issue) => pathsOf(issue, []));
  const dropped = paths.filter((path) => isNullAt(value, path) && isOptional(schema, path));
  if (dropped.length === 0) return undefined;
  const copy = structuredClone(value);
  for (const path of dropped) deleteAt(copy, path);
  return copy;
}

/** Parses, dropping nulls as long as that helps; unions hide what is wrong inside of them until then. */
export function parseWithoutNulls(output: z.ZodObject, value: unknown, schema: Schema) {
  let current = value;
  let result = output.safeParse(current);
  for (let round = 0; !result.success && round < MAX_ROUNDS; round += 1) {
    const next = withoutOptionalNulls(current, result.error.issues, schema);
    if (next === undefined) break;
    current = next;
    result = output.safeParse(current);
  }
  return result;
}

function pathsOf(issue: z.core.$ZodIssue, before: Path): Path[] {
  const path = [...before, ...issue.path];
  if (issue.code !== "invalid_union") return [path];
  return [path, ...issue.errors.flatMap((inner) => inner.flatMap((each) => pathsOf(each, path)))];
}

function memberAt(value: unknown, path: Path): unknown {
  let current = value;
  for (const key of path) {
    if (typeof current !== "object" || current === null || !Object.hasOwn(current, key)) return undefined;
    current = (current as Readonly<Record<PropertyKey, unknown>>)[key];
  }
  return current;
}

const isNullAt = (value: unknown, path: Path): boolean => path.length > 0 && memberAt(value, path) === null;

function deleteAt(value: unknown, path: Path): void {
  const owner = memberAt(value, path.slice(0, -1)) as Record<PropertyKey, unknown>;
  const key = path.at(-1);
  if (key !== undefined && !Array.isArray(owner)) delete owner[key];
}

function isOptional(schema: Schema, path: Path): boolean {
  let owners = variantsOf([schema], schema);
  for (const key of path.slice(0, -1))
    owners = variantsOf(
      owners.flatMap((owner) => partAt(owner, key)),
      schema,
    );
  const name = String(path.at(-1));
  return owners.some(({ properties, required }) => {
    const isDeclared = isSchema(properties) && Object.hasOwn(properties, name);
    return isDeclared && !(Array.isArray(required) && required.includes(name));
  });
}

function partAt({ properties, items, additionalProperties }: Schema, key: PropertyKey): unknown[] {
  if (typeof key === "number") return [items];
  const name = String(key);
  return [isSchema(properties) && Object.hasOwn(properties, name) ? properties[name] : additionalProperties];
}

/** All schemas that may hold where these do: references looked up, unions taken apart. */
function variantsOf(schemas: readonly unknown[], root: Schema): Schema[] {
  const found = new Set<Schema>();
  const look = (value: unknown): void => {
    if (!isSchema(value) || found.has(value)) return;
    found.add(value);
    const { $ref, anyOf, oneOf, allOf } = value;
    if (typeof $ref === "string") look(referred($ref, root));
    for (const list of [anyOf, oneOf, allOf]) if (Array.isArray(list)) list.forEach(look);
  };
  schemas.forEach(look);
  return [...found];
}

function referred(reference: string, root: Schema): unknown {
  if (reference === "#") return root;
  const name = /^#\/\$defs\/(.+)$/.exec(reference)?.[1];
  return name === undefined || !isSchema(root["$defs"]) ? undefined : root["$defs"][name];
}

const isSchema = (value: unknown): value is Schema =>
  typeof value === "object" && value !== null && !Array.isArray(value);
