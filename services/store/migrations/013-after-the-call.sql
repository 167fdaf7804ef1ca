-- Up Migration

alter table agents
  add column record_calls boolean,
  add column recording_consent text not null default '',
  add column recording_retention_days integer check (recording_retention_days > 0),
  add column webhook_url text,
  add column analysis jsonb;

alter table calls
  -- When the recording was deleted, by the operator, by age or with the caller's data: it is not to come back.
  add column recording_deleted_at timestamptz,
  -- When the caller's number and words were erased.
  add column erased_at timestamptz,
  -- When what follows the call's end was put in hand; null until then.
  add column settled_at timestamptz;

-- Calls that ended before there was anything to follow are done with.
update calls set settled_at = now() where status in ('ended', 'failed');

create index calls_unsettled on calls (ended_at) where settled_at is null;
create index calls_recorded on calls (agent_id, ended_at) where recording_path is not null;
create index calls_by_caller on calls (from_number) where from_number is not null;
create index calls_by_called on calls (to_number) where to_number is not null;

-- What the chat model found out of a call that was over.
create table call_analysis (
  call_id uuid primary key references calls (id) on delete cascade,
  model text not null,
  -- Null where it was not asked for.
  summary text,
  data jsonb,
  success boolean,
  success_reason text,
  -- Why there is nothing of it; null where there is.
  error text,
  analysed_at timestamptz not null default now()
);

-- One row for each attempt to tell a webhook; all attempts to tell the same have the same event_id.
create table webhook_deliveries (
  id uuid primary key default gen_random_uuid(),
  event_id text not null,
  type text not null,
  call_id uuid not null references calls (id) on delete cascade,
  url text not null,
  -- From 1; a replay by the operator counts on.
  attempt integer not null check (attempt >= 1),
  replay boolean not null default false,
  delivered boolean not null,
  -- Null where there was no answer: then error says why.
  status_code integer,
  error text,
  duration_ms numeric not null,
  attempted_at timestamptz not null
);

create index webhook_deliveries_by_time on webhook_deliveries (attempted_at desc, id desc);
create index webhook_deliveries_by_call on webhook_deliveries (call_id, attempted_at);

-- Down Migration

drop table webhook_deliveries, call_analysis;
drop index calls_by_called, calls_by_caller, calls_recorded, calls_unsettled;
alter table calls drop column recording_deleted_at, drop column erased_at, drop column settled_at;
alter table agents
  drop column record_calls,
  drop column recording_consent,
  drop column recording_retention_days,
  drop column webhook_url,
  drop column analysis;
