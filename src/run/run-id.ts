import { randomBytes } from "node:crypto";

/** A run's id: when it started, and six characters against coincidence. Short enough to type, sorted by time. */
export function createRunId(now = new Date()): string {
  const stamp = now.toISOString().replaceAll(/[-:T]/g, "").slice(0, 14);
  return `${stamp.slice(0, 8)}-${stamp.slice(8)}-${randomBytes(3).toString("hex")}`;
}
