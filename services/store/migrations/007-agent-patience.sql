-- Up Migration

-- An agent made before there was a choice is as it was: it neither fills a wait, nor minds silence, nor has patience.
alter table agents
  add column filler_phrases jsonb default '[]',
  add column silence jsonb not null default '{"afterSeconds": 0, "reminders": 0, "phrases": null}',
  add column goodbye_message text,
  add column patience_ms integer not null default 0 check (patience_ms >= 0);

-- Down Migration

alter table agents
  drop column filler_phrases,
  drop column silence,
  drop column goodbye_message,
  drop column patience_ms;
