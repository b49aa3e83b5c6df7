import { randomBytes } from "node:crypto";
import { hostname } from "node:os";

/** A name for this process that no other has, readable in `pg_stat_activity`. */
export function createExecutorId(): string {
  return `${hostname().slice(0, 24)}-${process.pid}-${randomBytes(4).toString("hex")}`;
}

export function applicationName(executorId: string): string {
  return `millrace ${executorId}`;
}

/** SQL that is true while the process that calls itself `executorId` has a connection. */
export function isAliveSql(executorId: string): string {
  return `exists (select from pg_stat_activity where application_name = 'millrace ' || ${executorId})`;
}
