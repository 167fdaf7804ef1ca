-- Up Migration

create table calls (
  id uuid primary key,
  carrier text not null,
  carrier_call_id text not null,
  direction text not null check (direction in ('inbound', 'outbound')),
  from_number text,
  to_number text,
  agent_id text not null,
  status text not null default 'initiated'
    check (status in ('initiated', 'answered', 'live', 'ended', 'failed')),
  end_reason text check (end_reason in (
    'caller_hung_up', 'agent_hung_up', 'operator', 'transferred', 'silence', 'max_length', 'media_lost',
    'engine_failed', 'connect_timeout', 'rejected_capacity', 'draining', 'carrier_failed', 'server_lost',
    'internal'
  )),
  initiated_at timestamptz not null,
  answered_at timestamptz,
  ended_at timestamptz,
  duration_seconds numeric,
  stream_codec text check (stream_codec in ('PCMU', 'PCMA', 'L16')),
  stream_sample_rate integer,
  engine text,
  replica_id text,
  last_heartbeat_at timestamptz,
  recording_path text
);

create index calls_by_carrier_call_id on calls (carrier_call_id);
create index calls_by_time on calls (initiated_at desc, id desc);
create index calls_open on calls (replica_id) where status in ('initiated', 'answered', 'live');

create table call_events (
  id bigint generated always as identity primary key,
  call_id uuid not null references calls (id) on delete cascade,
  type text not null,
  event_id text not null unique,
  occurred_at timestamptz not null,
  payload jsonb not null default '{}'
);

create index call_events_by_call on call_events (call_id, occurred_at, id);

create table turns (
  call_id uuid not null references calls (id) on delete cascade,
  turn_index integer not null,
  speaker text not null check (speaker in ('caller', 'agent')),
  said_text text not null,
  heard_text text not null,
  interrupted boolean not null default false,
  started_at timestamptz not null,
  ended_at timestamptz not null,
  said_ms numeric,
  heard_ms numeric,
  response_ms numeric,
  endpoint_ms numeric,
  engine_ms numeric,
  playout_ms numeric
);

-- Descending, so that a scan in the order of the index meets the caller before the agent.
create unique index turns_in_order on turns (call_id, turn_index, speaker desc);
create index turns_by_time on turns (started_at) where response_ms is not null;

create table usage_minutes (
  call_id uuid not null unique references calls (id) on delete cascade,
  agent_id text not null,
  number text,
  direction text not null check (direction in ('inbound', 'outbound')),
  started_at timestamptz not null,
  ended_at timestamptz not null,
  seconds numeric not null check (seconds >= 0),
  minutes integer not null check (minutes >= 1),
  estimated boolean not null default false
);

create index usage_minutes_by_time on usage_minutes (started_at);

create table usage_items (
  id bigint generated always as identity primary key,
  -- Fingerprint of the record, so that writing it a second time changes nothing.
  item_id text not null unique,
  call_id uuid not null references calls (id) on delete cascade,
  provider text not null,
  model text not null,
  kind text not null check (kind in ('llm', 'stt', 'tts', 'carrier')),
  unit text not null,
  quantity numeric not null check (quantity >= 0),
  -- Null where the price is unknown; never 0 in its place.
  cost_usd numeric,
  price_date date,
  recorded_at timestamptz not null
);

create index usage_items_by_call on usage_items (call_id);

create table agents (
  id text primary key,
  name text not null,
  instructions text not null,
  greeting text not null,
  voice text,
  engine text check (engine in ('realtime', 'cascade', 'local')),
  language text not null default 'en',
  tools jsonb not null default '[]',
  end_call_phrases jsonb not null default '[]',
  max_call_seconds integer check (max_call_seconds > 0),
  protect_goodbye boolean not null default true,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

create table numbers (
  e164 text primary key,
  agent_id text not null references agents (id) on delete cascade,
  updated_at timestamptz not null default now()
);

create table products (
  id uuid primary key default gen_random_uuid(),
  sku text unique,
  name text not null,
  description text not null default '',
  price numeric,
  currency text not null default 'USD',
  in_stock boolean not null default true,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

-- A call whose items are all without a price has no cost at all (null); `unpriced_items` says what the sum leaves out.
create view call_costs as
select
  calls.id as call_id,
  sum(usage_items.cost_usd) as cost_usd,
  count(usage_items.id) filter (where usage_items.cost_usd is null) as unpriced_items
from calls
left join usage_items on usage_items.call_id = calls.id
group by calls.id;

create view usage_by_day as
select
  (usage_minutes.started_at at time zone 'UTC')::date as day,
  count(*) as calls,
  sum(usage_minutes.minutes) as minutes,
  sum(usage_minutes.seconds) as seconds,
  sum(call_costs.cost_usd) as cost_usd,
  sum(call_costs.unpriced_items) as unpriced_items
from usage_minutes
join call_costs using (call_id)
group by 1;

create view usage_by_month as
select
  date_trunc('month', usage_minutes.started_at at time zone 'UTC')::date as month,
  count(*) as calls,
  sum(usage_minutes.minutes) as minutes,
  sum(usage_minutes.seconds) as seconds,
  sum(call_costs.cost_usd) as cost_usd,
  sum(call_costs.unpriced_items) as unpriced_items
from usage_minutes
join call_costs using (call_id)
group by 1;

create view usage_by_agent as
select
  usage_minutes.agent_id,
  count(*) as calls,
  sum(usage_minutes.minutes) as minutes,
  sum(usage_minutes.seconds) as seconds,
  sum(call_costs.cost_usd) as cost_usd,
  sum(call_costs.unpriced_items) as unpriced_items
from usage_minutes
join call_costs using (call_id)
group by 1;

create view usage_by_number as
select
  usage_minutes.number,
  count(*) as calls,
  sum(usage_minutes.minutes) as minutes,
  sum(usage_minutes.seconds) as seconds,
  sum(call_costs.cost_usd) as cost_usd,
  sum(call_costs.unpriced_items) as unpriced_items
from usage_minutes
join call_costs using (call_id)
group by 1;

create view turn_latency_by_hour as
select
  date_trunc('hour', started_at, 'UTC') as hour,
  count(*) as turns,
  percentile_cont(0.50) within group (order by response_ms) as p50_response_ms,
  percentile_cont(0.95) within group (order by response_ms) as p95_response_ms,
  percentile_cont(0.99) within group (order by response_ms) as p99_response_ms
from turns
where response_ms is not null
group by 1;

-- Down Migration

drop view turn_latency_by_hour, usage_by_number, usage_by_agent, usage_by_month, usage_by_day, call_costs;
drop table products, numbers, agents, usage_items, usage_minutes, turns, call_events, calls;
