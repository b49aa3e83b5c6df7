export { documentColumn, json, llmTelemetry, pipelineTable } from "./table/pipeline-table.ts";
export type { PipelineTable } from "./table/pipeline-table.ts";
export {
  bigint,
  boolean,
  char,
  check,
  customType,
  date,
  doublePrecision,
  foreignKey,
  index,
  integer,
  interval,
  jsonb,
  numeric,
  pgEnum,
  primaryKey,
  real,
  smallint,
  text,
  time,
  timestamp,
  unique,
  uniqueIndex,
  uuid,
  varchar,
} from "drizzle-orm/pg-core";
export { sql } from "drizzle-orm";
