-- Up Migration

-- What exactly was behind an end_reason: busy, no_answer, machine, a carrier's error code.
alter table calls add column end_detail text;

-- The outbound calls of the last day are counted before each new one.
create index calls_outbound_by_time on calls (initiated_at) where direction = 'outbound';

alter table agents
  add column transfer_targets jsonb not null default '[]',
  add column machine_detection text not null default 'off'
    check (machine_detection in ('off', 'hang_up', 'leave_message')),
  add column voicemail_message text not null default '';

create index products_by_words on products using gin (to_tsvector('simple', name || ' ' || description));

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
  call_costs.cost_usd,
  call_costs.unpriced_items
from usage_minutes
join call_costs using (call_id);

-- Down Migration

drop view call_usage;
drop index products_by_words, calls_outbound_by_time;
alter table agents
  drop column transfer_targets,
  drop column machine_detection,
  drop column voicemail_message;
alter table calls drop column end_detail;
