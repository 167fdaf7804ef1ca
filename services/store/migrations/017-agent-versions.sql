-- Up Migration

-- What an agent was before each change. The agent as it is now has the version after the last of these.
create table agent_versions (
  agent_id text not null references agents (id) on delete cascade,
  version integer not null check (version >= 1),
  -- The agent's columns, as they were.
  agent jsonb not null,
  -- Who replaced it, and when.
  replaced_by text not null,
  replaced_at timestamptz not null default now(),
  primary key (agent_id, version)
);

-- Down Migration

drop table agent_versions;
