-- A login for reporting tools: it reads what calls leave behind, and changes nothing. Run it again after an update of
-- Offhook. The login has no password until you give it one: \password offhook_reader

do $$
begin
  if not exists (select from pg_roles where rolname = 'offhook_reader') then
    create role offhook_reader login;
  end if;
end
$$;

alter role offhook_reader set default_transaction_read_only = on;
-- A careless query must not weigh on the calls.
alter role offhook_reader set statement_timeout = '30s';

grant usage on schema public to offhook_reader;

-- Not agents, whose tools may hold secrets, but their names.
grant select (id, name, engine, language) on agents to offhook_reader;
grant select on
  calls, call_events, turns, transcripts, numbers, products,
  usage_minutes, usage_items, call_costs, call_usage,
  usage_by_day, usage_by_month, usage_by_agent, usage_by_number, turn_latency_by_hour
to offhook_reader;
