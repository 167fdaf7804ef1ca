-- Stores what a batch of call events leaves: all of it, or nothing, in one round trip. Run again it changes nothing.
--
-- $1 the spool, $2 the place that its cursor must be at, $3 the place of the batch's last record,
-- $4 the rows as JSON: {calls, known, turns, events, items, ends}, one row a key in each but events and items, and {ids}
-- of all calls that they are of,
-- $5 seconds of the first billing interval, $6 of each further one.
--
-- Answers with one row: whether the cursor was where it must be. Where it was not, somebody has stored this already.

with cursor as (
  insert into spool_cursors as cursor (spool, position) values ($1, $3)
  on conflict (spool) do update set position = excluded.position, updated_at = now()
    where cursor.position = $2
  returning position
),

-- Everything below hangs on the cursor's row: without it there is nothing to store.
batch as (select $4::text::jsonb as rows from cursor),

call_rows as (
  select given.* from batch, jsonb_to_recordset(batch.rows->'calls') as given (
    id uuid, carrier text, carrier_call_id text, direction text, from_number text, to_number text, agent_id text,
    status text, end_reason text, end_detail text, initiated_at timestamptz, answered_at timestamptz,
    ended_at timestamptz, duration_seconds numeric, answer_to_greeting_ms numeric, dead_air_ms numeric,
    stream_codec text, stream_sample_rate integer, engine text, replica_id text, last_heartbeat_at timestamptz,
    carrier_started_at timestamptz, carrier_ended_at timestamptz, carrier_seconds numeric
  )
),

-- The first end stays, except the guess of another replica that took the call for lost: a true end replaces it, and a
-- later sign of life opens the call again. Nothing else moves a call backwards; what comes late fills in what is missing.
stored_calls as (
  insert into calls as call (
    id, carrier, carrier_call_id, direction, from_number, to_number, agent_id,
    status, end_reason, end_detail, initiated_at, answered_at,
    ended_at, duration_seconds, answer_to_greeting_ms, dead_air_ms,
    stream_codec, stream_sample_rate, engine, replica_id, last_heartbeat_at,
    carrier_started_at, carrier_ended_at, carrier_seconds
  )
  select * from call_rows order by id
  on conflict (id) do update set
    (status, end_reason, end_detail, ended_at, duration_seconds, answer_to_greeting_ms, dead_air_ms) = (
      select
        case when ends then excluded.status
          when reopens then case when call.answered_at is null then 'initiated' else 'live' end
          when is_over then call.status
          when 'live' in (call.status, excluded.status) then 'live'
          when 'answered' in (call.status, excluded.status) then 'answered'
          else call.status end,
        case when ends then excluded.end_reason when not reopens then call.end_reason end,
        case when ends then excluded.end_detail when not reopens then call.end_detail end,
        case when ends then excluded.ended_at when not reopens then call.ended_at end,
        case when ends then excluded.duration_seconds when not reopens then call.duration_seconds end,
        case when ends then excluded.answer_to_greeting_ms else call.answer_to_greeting_ms end,
        case when ends then excluded.dead_air_ms else call.dead_air_ms end
      from (select call.status in ('ended', 'failed') as is_over, call.end_reason = 'server_lost' as is_lost) as was,
        lateral (select
          excluded.ended_at is not null and (not is_over or is_lost) as ends,
          excluded.ended_at is null and is_over and is_lost
            and coalesce(excluded.last_heartbeat_at > call.ended_at, false) as reopens) as now
    ),
    answered_at = coalesce(call.answered_at, excluded.answered_at),
    stream_codec = coalesce(excluded.stream_codec, call.stream_codec),
    stream_sample_rate = coalesce(excluded.stream_sample_rate, call.stream_sample_rate),
    engine = coalesce(excluded.engine, call.engine),
    replica_id = case when excluded.last_heartbeat_at is null
        or (call.status in ('ended', 'failed') and call.end_reason is distinct from 'server_lost')
      then call.replica_id else excluded.replica_id end,
    last_heartbeat_at = case when call.status in ('ended', 'failed') and call.end_reason is distinct from 'server_lost'
      then call.last_heartbeat_at else greatest(call.last_heartbeat_at, excluded.last_heartbeat_at) end,
    carrier_started_at = greatest(call.carrier_started_at, excluded.carrier_started_at),
    carrier_ended_at = coalesce(call.carrier_ended_at, excluded.carrier_ended_at),
    carrier_seconds = coalesce(call.carrier_seconds, excluded.carrier_seconds)
  returning id, coalesce(carrier_seconds,
    round(extract(epoch from carrier_ended_at - carrier_started_at), 3)) as carrier_seconds
),

-- Those of which there is nothing new, and that may not be there yet: the rows below are theirs.
known_calls as (
  insert into calls (
    id, carrier, carrier_call_id, direction, from_number, to_number, agent_id, status, initiated_at, replica_id
  )
  select given.* from batch, jsonb_to_recordset(batch.rows->'known') as given (
    id uuid, carrier text, carrier_call_id text, direction text, from_number text, to_number text, agent_id text,
    status text, initiated_at timestamptz, replica_id text
  )
  order by given.id
  on conflict (id) do nothing
),

-- What its owner had erased does not come back with a late word.
erased as (
  select id from calls
  where erased_at is not null and id in (
    select given.id::uuid from batch, jsonb_array_elements_text(batch.rows->'ids') as given (id)
  )
),

turn_rows as (
  select given.* from batch, jsonb_to_recordset(batch.rows->'turns') as given (
    call_id uuid, turn_index integer, speaker text, said_text text, heard_text text, interrupted boolean,
    started_at timestamptz, ended_at timestamptz, said_ms numeric, heard_ms numeric,
    response_ms numeric, endpoint_ms numeric, engine_ms numeric, playout_ms numeric, revised boolean
  )
  where given.call_id not in (select id from erased)
),

stored_turns as (
  insert into turns (
    call_id, turn_index, speaker, said_text, heard_text, interrupted,
    started_at, ended_at, said_ms, heard_ms, response_ms, endpoint_ms, engine_ms, playout_ms
  )
  select
    call_id, turn_index, speaker, said_text, heard_text, interrupted,
    started_at, ended_at, said_ms, heard_ms, response_ms, endpoint_ms, engine_ms, playout_ms
  from turn_rows order by call_id, turn_index, speaker desc
  on conflict (call_id, turn_index, speaker) do update set
    said_text = excluded.said_text, heard_text = excluded.heard_text, interrupted = excluded.interrupted,
    started_at = excluded.started_at, ended_at = excluded.ended_at,
    said_ms = excluded.said_ms, heard_ms = excluded.heard_ms, response_ms = excluded.response_ms,
    endpoint_ms = excluded.endpoint_ms, engine_ms = excluded.engine_ms, playout_ms = excluded.playout_ms
),

-- A revision may leave a side of a turn out that was there before.
removed_turns as (
  delete from turns using (select distinct call_id, turn_index from turn_rows where revised) as revised
  where turns.call_id = revised.call_id and turns.turn_index = revised.turn_index
    and not exists (select from turn_rows as kept
      where kept.call_id = turns.call_id and kept.turn_index = turns.turn_index and kept.speaker = turns.speaker)
),

stored_events as (
  insert into call_events (call_id, type, event_id, occurred_at, payload)
  select given.call_id, given.type, given.event_id, given.occurred_at, given.payload
  from batch, jsonb_to_recordset(batch.rows->'events') as given (
    place integer, call_id uuid, type text, event_id text, occurred_at timestamptz, payload jsonb
  )
  where given.call_id not in (select id from erased)
  order by given.place
  on conflict (event_id) do nothing
),

end_rows as (
  select given.*, stored_calls.carrier_seconds
  from batch, jsonb_to_recordset(batch.rows->'ends') as given (
    call_id uuid, agent_id text, number text, direction text,
    started_at timestamptz, ended_at timestamptz, seconds numeric
  )
  join stored_calls on stored_calls.id = given.call_id
  left join usage_minutes as known on known.call_id = given.call_id
  where known.call_id is null or known.estimated
),

-- One row a call. An estimate gives way to what was measured, and nothing else does.
stored_minutes as (
  insert into usage_minutes as minutes (
    call_id, agent_id, number, direction, started_at, ended_at, seconds, minutes, estimated,
    carrier_seconds, carrier_differs
  )
  select call_id, agent_id, number, direction, started_at, ended_at, seconds,
    billed_minutes(seconds, $5, $6), false, carrier_seconds, coalesce(abs(seconds - carrier_seconds) > 2, false)
  from end_rows order by call_id
  on conflict (call_id) do update set
    ended_at = excluded.ended_at, seconds = excluded.seconds, minutes = excluded.minutes, estimated = false,
    carrier_seconds = excluded.carrier_seconds, carrier_differs = excluded.carrier_differs
    where minutes.estimated
),

-- The carrier's word that comes after the end.
reconciled as (
  update usage_minutes as minutes set
    carrier_seconds = stored_calls.carrier_seconds,
    carrier_differs = abs(minutes.seconds - stored_calls.carrier_seconds) > 2
  from stored_calls
  where minutes.call_id = stored_calls.id
    and stored_calls.carrier_seconds is not null
    and minutes.carrier_seconds is distinct from stored_calls.carrier_seconds
    and stored_calls.id not in (select call_id from end_rows)
),

-- The carrier's minutes are of the call's true end: they replace those of an estimate.
stored_items as (
  insert into usage_items as item (
    item_id, call_id, provider, model, kind, unit, quantity, cost_usd, price_date, recorded_at
  )
  select given.item_id, given.call_id, given.provider, given.model, given.kind, given.unit, given.quantity,
    given.cost_usd, given.price_date, given.recorded_at
  from batch, jsonb_to_recordset(batch.rows->'items') as given (
    place integer, item_id text, call_id uuid, provider text, model text, kind text, unit text, quantity numeric,
    cost_usd numeric, price_date date, recorded_at timestamptz
  )
  where given.kind <> 'carrier' or given.call_id in (select call_id from end_rows)
  order by given.place
  on conflict (item_id) do update set
    quantity = excluded.quantity, cost_usd = excluded.cost_usd, price_date = excluded.price_date,
    recorded_at = excluded.recorded_at
    where item.kind = 'carrier'
)

select count(*) > 0 as stored from cursor
