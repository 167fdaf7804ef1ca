-- Up Migration

alter table calls
  add column answer_to_greeting_ms numeric,
  add column dead_air_ms numeric;

-- Down Migration

alter table calls
  drop column answer_to_greeting_ms,
  drop column dead_air_ms;
