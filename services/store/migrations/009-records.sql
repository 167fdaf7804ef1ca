-- Up Migration

-- How far each spool on a replica's disk is stored. It moves with the rows it speaks of, in one transaction.
create table spool_cursors (
  spool uuid primary key,
  position bigint not null,
  updated_at timestamptz not null default now()
);

-- What the carrier says of the same call.
alter table calls
  add column carrier_started_at timestamptz,
  add column carrier_ended_at timestamptz,
  add column carrier_seconds numeric;

-- The views stand on minutes, which become numeric: 6/6 and 1/1 bill parts of them.
drop view call_usage, usage_by_number, usage_by_agent, usage_by_month, usage_by_day, call_costs;

alter table usage_minutes
  drop constraint usage_minutes_minutes_check,
  alter column minutes type numeric,
  add constraint usage_minutes_minutes_check check (minutes > 0),
  -- What carrier's own times come to, and whether that is more than two seconds away from ours.
  add column carrier_seconds numeric,
  add column carrier_differs boolean not null default false;

create index usage_minutes_by_number on usage_minutes (number, started_at);
create index usage_minutes_by_agent on usage_minutes (agent_id, started_at);

-- Minutes billed: the first interval counts whole, then each interval that was begun.
create function billed_minutes(seconds numeric, first_seconds numeric, step_seconds numeric) returns numeric
language sql immutable parallel safe as $$
  select trim_scale(round(
    (first_seconds + step_seconds * greatest(0, ceil((seconds - first_seconds) / step_seconds))) / 60, 4))
$$;

-- The sums of usage_items by call, kept beside them: adding up a month touches one row a call.
create table call_cost_totals (
  call_id uuid primary key references calls (id) on delete cascade,
  priced_items bigint not null,
  unpriced_items bigint not null,
  cost_usd numeric not null
);

create function add_up_call_costs() returns trigger language plpgsql as $$
begin
  if tg_op in ('UPDATE', 'DELETE') then
    update call_cost_totals as total set
      priced_items = total.priced_items - gone.priced_items,
      unpriced_items = total.unpriced_items - gone.unpriced_items,
      cost_usd = total.cost_usd - gone.cost_usd
    from (
      select call_id, count(cost_usd) as priced_items, count(*) - count(cost_usd) as unpriced_items,
        coalesce(sum(cost_usd), 0) as cost_usd
      from old_items group by call_id
    ) as gone
    where total.call_id = gone.call_id;
  end if;
  if tg_op in ('INSERT', 'UPDATE') then
    insert into call_cost_totals as total (call_id, priced_items, unpriced_items, cost_usd)
    select call_id, count(cost_usd), count(*) - count(cost_usd), coalesce(sum(cost_usd), 0)
    from new_items group by call_id order by call_id
    on conflict (call_id) do update set
      priced_items = total.priced_items + excluded.priced_items,
      unpriced_items = total.unpriced_items + excluded.unpriced_items,
      cost_usd = total.cost_usd + excluded.cost_usd;
  end if;
  return null;
end
$$;

insert into call_cost_totals
select call_id, count(cost_usd), count(*) - count(cost_usd), coalesce(sum(cost_usd), 0)
from usage_items group by call_id;

create trigger usage_items_added after insert on usage_items
  referencing new table as new_items
  for each statement execute function add_up_call_costs();
create trigger usage_items_changed after update on usage_items
  referencing old table as old_items new table as new_items
  for each statement execute function add_up_call_costs();
create trigger usage_items_removed after delete on usage_items
  referencing old table as old_items
  for each statement execute function add_up_call_costs();

-- A call whose items are all without a price has no cost at all (null); `unpriced_items` says what the sum leaves out.
create view call_costs as
select
  calls.id as call_id,
  case when total.priced_items > 0 then total.cost_usd end as cost_usd,
  coalesce(total.unpriced_items, 0) as unpriced_items
from calls
left join call_cost_totals as total on total.call_id = calls.id;

-- One row for each call that counts, so that usage can be added up over any span of time.
create view call_usage as
select
  usage_minutes.call_id,
  usage_minutes.agent_id,
  usage_minutes.number,
  usage_minutes.direction,
  usage_minutes.started_at,
  (usage_minutes.started_at at time zone 'UTC')::date as day,
  date_trunc('month', usage_minutes.started_at at time zone 'UTC')::date as month,
  usage_minutes.minutes,
  usage_minutes.seconds,
  case when total.priced_items > 0 then total.cost_usd end as cost_usd,
  coalesce(total.unpriced_items, 0) as unpriced_items
from usage_minutes
left join call_cost_totals as total on total.call_id = usage_minutes.call_id;

create view usage_by_day as
select day, count(*) as calls, sum(minutes) as minutes, sum(seconds) as seconds,
  sum(cost_usd) as cost_usd, sum(unpriced_items) as unpriced_items
from call_usage group by day;

create view usage_by_month as
select month, count(*) as calls, sum(minutes) as minutes, sum(seconds) as seconds,
  sum(cost_usd) as cost_usd, sum(unpriced_items) as unpriced_items
from call_usage group by month;

create view usage_by_agent as
select agent_id, count(*) as calls, sum(minutes) as minutes, sum(seconds) as seconds,
  sum(cost_usd) as cost_usd, sum(unpriced_items) as unpriced_items
from call_usage group by agent_id;

create view usage_by_number as
select number, count(*) as calls, sum(minutes) as minutes, sum(seconds) as seconds,
  sum(cost_usd) as cost_usd, sum(unpriced_items) as unpriced_items
from call_usage group by number;

-- The whole conversation in the order of speaking, tools in their place.
create view transcripts as
with tools as (
  select call_id, occurred_at - make_interval(secs => coalesce((payload->>'durationMs')::double precision, 0) / 1000) as at,
    payload->>'tool' as tool, (payload->>'ok')::boolean as tool_ok, id
  from call_events where type = 'tool.called'
),
lines as (
  select call_id, turn_index, started_at as at, speaker, said_text, heard_text, interrupted,
    null::text as tool, null::boolean as tool_ok, 0::bigint as tie
  from turns
  union all
  select tools.call_id,
    coalesce((select max(turns.turn_index) from turns
      where turns.call_id = tools.call_id and turns.started_at <= tools.at), 0),
    tools.at, 'tool', null, null, false, tools.tool, tools.tool_ok, tools.id
  from tools
)
select call_id,
  row_number() over (
    partition by call_id order by turn_index, (speaker = 'caller') desc, at, tie
  ) as position,
  turn_index, at, speaker, said_text, heard_text, interrupted, tool, tool_ok
from lines;
