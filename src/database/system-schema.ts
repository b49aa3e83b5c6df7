import { sha256 } from "../core/hash.ts";
import type { Database } from "./connect.ts";
import { ensureSchema } from "./ensure-schema.ts";

/** Millrace's own tables. A change adds a step to the end; a step that has shipped never changes. */
const MIGRATIONS: readonly string[] = [
  `
  create table documents (
    id text primary key,
    title text,
    source_url text not null,
    path text,
    content_type text not null,
    status text not null,
    content_hash text,
    content text,
    metadata jsonb not null default '{}',
    error_code text,
    error text,
    origins text[] not null default '{}',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
  );

  create table run (
    run_id text primary key,
    pipeline text not null,
    models jsonb not null,
    mode text not null,
    filters jsonb not null,
    document_ids text[],
    settings jsonb not null,
    metadata jsonb not null,
    stop_on_error boolean not null,
    status text not null,
    executor_id text not null,
    result jsonb,
    started_at timestamptz not null default now(),
    finished_at timestamptz
  );
  create index on run (started_at desc);

  create table model_run (
    run_id text not null references run on delete cascade,
    model text not null,
    units_total bigint,
    units_done bigint not null default 0,
    units_failed bigint not null default 0,
    rows_written bigint not null default 0,
    rows_deleted bigint not null default 0,
    rows_unchanged bigint not null default 0,
    usage jsonb,
    receipt jsonb,
    started_at timestamptz not null default now(),
    finished_at timestamptz,
    primary key (run_id, model)
  );

  create table unit_state (
    model text not null,
    source_key text not null,
    document_id text,
    input_hash bytea not null,
    program_hash text not null,
    status text not null,
    error_code text,
    error text,
    attempts integer not null default 0,
    run_id text not null,
    duration_ms integer,
    llm_calls integer,
    llm_cached_calls integer,
    llm_input_tokens bigint,
    llm_output_tokens bigint,
    llm_cost_usd double precision,
    updated_at timestamptz not null default now(),
    primary key (model, source_key)
  );
  create index on unit_state (model, document_id);
  create index on unit_state (model, status) where status <> 'done';

  create table run_event (
    id bigint generated always as identity primary key,
    run_id text not null references run on delete cascade,
    event jsonb not null
  );
  create index on run_event (run_id, id);

  create table model_lease (
    model text primary key,
    token uuid not null,
    run_id text not null,
    executor_id text not null,
    acquired_at timestamptz not null default now(),
    expires_at timestamptz not null
  );
  `,
  `
  create table program (
    model text not null,
    program_hash text not null,
    parts jsonb not null,
    created_at timestamptz not null default now(),
    primary key (model, program_hash)
  );
  alter table unit_state add column side_hash bytea, add column has_output boolean not null default false;
  update unit_state set has_output = status in ('done', 'stale');
  alter table run add column scope jsonb not null default '{}';
  `,
  `
  create table llm_cache (
    key text primary key,
    program text not null,
    provider text not null,
    model text not null,
    answer jsonb not null,
    hits integer not null default 0,
    created_at timestamptz not null default now(),
    last_hit_at timestamptz
  );

  create table llm_usage (
    id bigint generated always as identity primary key,
    run_id text not null,
    model text not null,
    source_key text not null,
    document_id text,
    calls integer not null,
    cached_calls integer not null,
    input_tokens bigint,
    output_tokens bigint,
    cost_usd double precision,
    at timestamptz not null default now()
  );
  create index on llm_usage (run_id, model);
  create index on llm_usage (model, at);
  alter table unit_state drop column llm_calls, drop column llm_cached_calls, drop column llm_input_tokens,
    drop column llm_output_tokens, drop column llm_cost_usd;
  `,
  `
  alter table program add column asked text[];
  `,
  `
  create table test_result (
    run_id text not null,
    model text not null,
    test text not null,
    severity text not null,
    status text not null,
    failures bigint not null,
    rows json not null,
    error jsonb,
    duration_ms integer not null,
    tested_at timestamptz not null default now(),
    primary key (run_id, model, test)
  );
  create index on test_result (model, test, tested_at);
  `,
  // Room on each page, since a row changes once when its call ends.
  `
  create table llm_call (
    id uuid primary key,
    at timestamptz not null default now(),
    run_id text,
    model text,
    source_key text,
    document_id text,
    signature text not null,
    key text not null,
    kind text not null,
    provider text not null,
    asked_model text not null,
    calls integer not null,
    status text not null,
    answered_by text,
    input_tokens bigint,
    cached_input_tokens bigint,
    cache_write_tokens bigint,
    output_tokens bigint,
    reasoning_tokens bigint,
    cost_usd double precision,
    saved_usd double precision,
    reserved_usd double precision,
    latency_ms integer,
    rejected text
  ) with (fillfactor = 70);
  create index on llm_call (run_id, model);
  create index on llm_call (model, source_key);
  create index on llm_call (key);
  create index on llm_call (signature, asked_model, at);
  create index on llm_call (at) where rejected is not null;

  create table llm_request (
    key text primary key,
    body jsonb not null,
    created_at timestamptz not null default now()
  );

  insert into llm_call (id, at, run_id, model, source_key, document_id, signature, key, kind, provider, asked_model,
    calls, status, input_tokens, output_tokens, cost_usd)
  select gen_random_uuid(), at, run_id, model, source_key, document_id, '', '', 'ask', '', '',
    calls - cached_calls, 'ok', input_tokens, output_tokens, cost_usd
  from llm_usage where calls > cached_calls
  union all
  select gen_random_uuid(), at, run_id, model, source_key, document_id, '', '', 'ask', '', '',
    cached_calls, 'cached', null, null, 0
  from llm_usage where cached_calls > 0;
  drop table llm_usage;

  alter table unit_state add column accepted jsonb;
  `,
];

/** Changes whenever the system schema does. */
export const SYSTEM_SCHEMA_ID = sha256(MIGRATIONS.join("")).slice(0, 8);

/** Creates or upgrades the system schema; several processes may do so at once. */
export async function migrateSystemSchema(database: Database): Promise<void> {
  if ((await currentVersion(database)) === MIGRATIONS.length) return;
  await database.transaction(async (client) => {
    await client.query("select pg_advisory_xact_lock(hashtext($1))", [`migrate ${database.systemSchema}`]);
    await ensureSchema(client, database.systemSchemaName);
    await client.query(`create table if not exists ${database.systemSchema}.schema_version (version integer not null)`);
    const { rows } = await client.query<{ version: number }>(
      `select version from ${database.systemSchema}.schema_version`,
    );
    const version = rows[0]?.version ?? 0;
    await client.query(`set local search_path to ${database.systemSchema}`);
    for (const step of MIGRATIONS.slice(version)) await client.query(step);
    await client.query("delete from schema_version");
    await client.query("insert into schema_version values ($1)", [MIGRATIONS.length]);
  });
}

async function currentVersion(database: Database): Promise<number> {
  const [found] = await database.query<{ present: boolean }>("select to_regclass($1) is not null as present", [
    `${database.systemSchema}.schema_version`,
  ]);
  if (found?.present !== true) return 0;
  const [row] = await database.query<{ version: number }>(
    `select version from ${database.systemSchema}.schema_version`,
  );
  return row?.version ?? 0;
}
