-- Up Migration

-- What a tool was asked and what it answered, beside its name.
create or replace view transcripts as
with tools as (
  select call_id, occurred_at - make_interval(secs => coalesce((payload->>'durationMs')::double precision, 0) / 1000) as at,
    payload->>'tool' as tool, (payload->>'ok')::boolean as tool_ok,
    payload->'arguments' as tool_arguments, payload->'result' as tool_result, id
  from call_events where type = 'tool.called'
),
lines as (
  select call_id, turn_index, started_at as at, speaker, said_text, heard_text, interrupted,
    null::text as tool, null::boolean as tool_ok, null::jsonb as tool_arguments, null::jsonb as tool_result,
    0::bigint as tie
  from turns
  union all
  select tools.call_id,
    coalesce((select max(turns.turn_index) from turns
      where turns.call_id = tools.call_id and turns.started_at <= tools.at), 0),
    tools.at, 'tool', null, null, false, tools.tool, tools.tool_ok, tools.tool_arguments, tools.tool_result, tools.id
  from tools
)
select call_id,
  row_number() over (
    partition by call_id order by turn_index, (speaker = 'caller') desc, at, tie
  ) as position,
  turn_index, at, speaker, said_text, heard_text, interrupted, tool, tool_ok, tool_arguments, tool_result
from lines;
