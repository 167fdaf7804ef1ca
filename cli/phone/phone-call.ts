import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { CallLog } from './call-log.ts'
import { type CallerTurn, prepareTurns } from './caller-turns.ts'
import { createDialect } from './dialect.ts'
import { type Clock, MediaLeg, type MediaLegEvents } from './media-leg.ts'
import type { PhoneOptions } from './options.ts'
import type { Progress } from './progress.ts'
import type { CallReport, ReportedTurn } from './report.ts'
import { measureResponses } from './response-time.ts'
import { CallScript } from './script.ts'
import { type EventStream, type PlacedCall, ServerClient } from './server-client.ts'

/** Less of the agent than this is a click, not a voice. */
const LEAST_HEARD_MS = 100
/** How long the server may take to tell why the call ended. */
const END_REASON_MS = 2000

export interface PhoneCallOptions {
  readonly options: PhoneOptions
  readonly token: string
  readonly clock: Clock
  readonly progress: Progress
  /** Hangs up. */
  readonly signal: AbortSignal
}

/** Places the call, holds the conversation, and tells how it went. Rejects with a PhoneError where it can't be placed. */
export async function phoneCall(call: PhoneCallOptions): Promise<CallReport> {
  const { options, token } = call
  const client = new ServerClient({ server: options.server, token })
  const preparing = prepareTurns(options.turns, options.format.sampleRate)
  preparing.catch(() => undefined)
  const events = await client.openEvents()
  try {
    const turns = await preparing
    return await converse(call, { client, events, turns })
  } finally {
    events.close()
  }
}

interface Ready {
  readonly client: ServerClient
  readonly events: EventStream
  readonly turns: readonly CallerTurn[]
}

async function converse(call: PhoneCallOptions, { client, events, turns }: Ready): Promise<CallReport> {
  const { options, clock, progress } = call
  const { carrier, codec, format, agentId } = options
  progress.call(`ringing ${options.server.origin} (${codec}, ${format.sampleRate} Hz)`)
  const placed = await client.placeCall({ carrier, codec, rate: format.sampleRate, agentId })
  const startedAt = clock.now()
  const dialect = createDialect(carrier, {
    callId: placed.callId,
    streamId: `phone-${placed.callId}`,
    token: placed.streamToken
  })
  const { socket, opened } = client.openMedia(placed.streamUrl, dialect.headers)
  const leg = new MediaLeg({ socket, dialect, format, clock })
  const hungUp = once(leg, 'ended') as Promise<MediaLegEvents['ended']>
  const log = new CallLog()
  const told = Promise.withResolvers<void>()
  events.follow(placed.callId, (event) => {
    log.take(event, leg.utterances.length - 1)
    progress.server(event)
    if (event.type === 'call.ended') told.resolve()
  })
  await opened
  progress.call(`connected, call ${placed.callId}`)
  const endedBy = await hold(leg, { turns, hungUp }, call)
  const durationMs = Math.round(clock.now() - startedAt)
  progress.call(`${endedBy === 'server' ? 'the other end' : 'the phone'} hung up`)
  const endReason = await findEndReason(log, told.promise, client, placed)
  if (options.out !== null) await writeFile(options.out, leg.recording.toWav())
  return {
    ...verdict(leg),
    callId: placed.callId,
    codec,
    sampleRate: format.sampleRate,
    turns: reported(log, leg),
    endReason,
    endedBy,
    durationMs,
    heardMs: leg.heardMs,
    wav: options.out
  }
}

/** The conversation itself, until either end hangs up. */
async function hold(
  leg: MediaLeg,
  { turns, hungUp }: { turns: readonly CallerTurn[]; hungUp: Promise<MediaLegEvents['ended']> },
  call: PhoneCallOptions
): Promise<'phone' | 'server'> {
  const { options, clock, progress, signal } = call
  const script = new CallScript({ turns: turns.length, bargeInMs: options.bargeInMs })
  leg.on('frame', (line) => {
    const { action, notes } = script.next(line)
    for (const note of notes) progress.script(note)
    if (action?.type === 'hang_up') leg.hangUp()
    if (action?.type === 'take_turn') {
      const turn = turns[action.turn]
      progress.caller(`${turn.label}${action.bargeIn ? ' (barge-in)' : ''}`)
      if (turn.kind === 'speak') leg.say(turn.samples)
      else leg.dial(turn.digits)
    }
  })
  leg.on('cleared', ({ droppedMs }) => {
    // The server clears the line once more before it hangs up.
    if (droppedMs > 0) progress.note(`the agent's audio was cleared, ${droppedMs} ms unheard`)
  })
  const hangUp = () => leg.hangUp()
  signal.addEventListener('abort', hangUp, { once: true })
  const cancelTimeout = clock.after(options.timeoutMs, () => {
    progress.note(`hanging up after ${options.timeoutMs / 1000} s`)
    leg.hangUp()
  })
  leg.start()
  if (signal.aborted) leg.hangUp()
  const [by] = await hungUp
  cancelTimeout()
  signal.removeEventListener('abort', hangUp)
  return by
}

/** As the server tells it live, else as it has stored it. */
async function findEndReason(
  log: CallLog,
  told: Promise<void>,
  client: ServerClient,
  { callId }: PlacedCall
): Promise<string | null> {
  const waiting = new AbortController()
  const late = delay(END_REASON_MS, undefined, { signal: waiting.signal }).catch(() => undefined)
  await Promise.race([told, late])
  waiting.abort()
  return log.endReason ?? (await client.endReason(callId).catch(() => null))
}

function verdict({ audibleMs, heardMs }: MediaLeg): Pick<CallReport, 'ok' | 'failure'> {
  if (audibleMs >= LEAST_HEARD_MS) return { ok: true, failure: null }
  const what =
    heardMs > 0 ? `${heardMs} ms of audio came, and it was silence` : 'no audio came from the server'
  return { ok: false, failure: `The agent was not heard: ${what}.` }
}

function reported(log: CallLog, leg: MediaLeg): ReportedTurn[] {
  const responses = measureResponses(leg.recording, leg.utterances)
  const { turns } = log
  return turns.map(({ utterance, latency, ...turn }) => {
    // What the server took for two turns ended, for the phone, with the second.
    const last = turns.findLast((other) => other.utterance === utterance)
    const measured = utterance !== null && last?.turnIndex === turn.turnIndex
    return { ...turn, ...latency, phoneResponseMs: measured ? responses[utterance] : null }
  })
}
