import { type SQL, sql } from "drizzle-orm";

/** The name of a table as a part of a query, with its schema if the name has one: `landing.items`. */
export const tableIdentifier = (name: string): SQL =>
  sql.join(
    name.split(".").map((part) => sql.identifier(part)),
    sql.raw("."),
  );
