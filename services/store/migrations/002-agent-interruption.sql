-- Up Migration

-- An agent made before there was a choice is stopped by any speech, at once, as it was.
alter table agents add column interruption jsonb not null
  default '{"minSpeechMs": 0, "minWords": 0, "acknowledgements": [], "resume": false}';

-- Down Migration

alter table agents drop column interruption;
