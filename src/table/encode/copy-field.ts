/** A value as one field of a `COPY` line in text format. */
export function copyField(text: string): string {
  let field = text.includes("\\") ? text.replaceAll("\\", "\\\\") : text;
  if (field.includes("\n")) field = field.replaceAll("\n", "\\n");
  if (field.includes("\t")) field = field.replaceAll("\t", "\\t");
  return field.includes("\r") ? field.replaceAll("\r", "\\r") : field;
}

/** JSON text as a field: its control characters are escaped already. */
export function copyJsonField(json: string): string {
  return json.includes("\\") ? json.replaceAll("\\", "\\\\") : json;
}

/** SQL NULL as a field of a `COPY` line. */
export const NULL_FIELD = "\\N";
