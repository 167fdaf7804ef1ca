import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import type { StandInSession } from '../../test/standins/openai/stand-in-session.ts'
import type { TelnyxCall } from '../../test/standins/telnyx/telnyx-call.ts'
import { noiseLike } from '../../test/support/speech-like.ts'

/** A reply to be heard out is short, one to be cut is longer than any moment at which it is cut. */
export const HEARD_REPLY_MS = 1500
export const CUT_REPLY_MS = 8000
/** After the first sound of the reply. */
const CUT_AFTER_MS = { least: 300, most: 5500 }
/** Made once, so that what it takes is not measured. */
const SPEECH = noiseLike({ sampleRate: 8000, ms: 300, dbfs: -18 })
const DEADLINE_MS = 15_000
/** For a truncation to arrive once the carrier was cleared. */
const TRUNCATION_MS = 1000

/** One reply that was cut. */
export interface Interruption {
  /**
   * From the service's `speech_started` to the carrier's playout being cleared, over a line that takes exactly its delay:
   * the timer that stands for it takes a millisecond or two more, which is nobody's.
   */
  readonly clearMs: number
  /** `audio_end_ms` less what the caller heard of the item; null where the service was told nothing. */
  readonly errorMs: number | null
  /** `audio_end_ms` beyond what had been generated when the caller began to speak; 0 where it was not. */
  readonly beyondReceivedMs: number
  /** Audio that reached the carrier after the clear, up to the next reply. */
  readonly lateMs: number
}

export interface CallResult {
  readonly interruptions: Interruption[]
  readonly heardWhole: number
  /** Truncations of replies that had been heard to their end. */
  readonly wrongTruncations: number
  readonly rejectedTruncations: number
}

/** Every third reply is heard out; the first is the greeting. */
export function isHeardOut(turn: number): boolean {
  return turn % 3 === 0
}

/** Lives through these turns of a call whose greeting is on its way, over a line of this delay, and then hangs up. */
export async function liveThrough(
  call: TelnyxCall,
  session: StandInSession,
  { turns, delayMs }: { turns: number; delayMs: number }
): Promise<CallResult> {
  const interruptions: Interruption[] = []
  let heardWhole = 0
  let wrongTruncations = 0
  let from = 0
  await call.waitFor('streaming', DEADLINE_MS)
  for (let turn = 0; turn < turns; turn++) {
    const firstMessage = from
    await call.until(() => call.playout.messages.length > firstMessage, `reply ${turn}`, DEADLINE_MS)
    const truncations = session.eventsOf('conversation.item.truncate').length
    if (isHeardOut(turn)) {
      await heardOut(call, firstMessage)
      heardWhole += 1
      wrongTruncations += session.eventsOf('conversation.item.truncate').length - truncations
      call.say(SPEECH)
      await nextReply(session, turn + 1)
    } else {
      const { least, most } = CUT_AFTER_MS
      await sleep(least + Math.random() * (most - least))
      const cut = await interrupt(call, session, firstMessage, turn + 1)
      interruptions.push({ ...cut, clearMs: cut.clearMs + delayMs })
    }
    from = call.playout.messages.length
  }
  const rejectedTruncations =
    session.eventsOf('conversation.item.truncate').length - session.sentCount('conversation.item.truncated')
  call.hangUp()
  return { interruptions, heardWhole, wrongTruncations, rejectedTruncations }
}

async function interrupt(
  call: TelnyxCall,
  session: StandInSession,
  firstMessage: number,
  nextTurn: number
): Promise<Interruption> {
  const itemId = lastSpokenItem(session)
  const starts = session.sentCount('input_audio_buffer.speech_started')
  const { clears, messages } = call.playout
  const cleared = clears.length
  // Looked at in the tick in which the service says it: that is the instant to count from.
  const started = session.until(
    () =>
      session.sentCount('input_audio_buffer.speech_started') > starts && {
        at: performance.now(),
        generatedMs: session.conversation.audioMs(itemId) ?? 0
      },
    'the start of speech',
    DEADLINE_MS
  )
  call.say(SPEECH)
  const { at, generatedMs } = await started
  const clear = await call.until(() => clears[cleared], 'a clear', DEADLINE_MS)
  const last = messages.findLastIndex(({ receivedAt }) => receivedAt <= clear.receivedAt)
  const heardMs = messages.slice(firstMessage, last + 1).reduce((sum, { playedMs }) => sum + playedMs, 0)
  const audioEndMs = await truncationOf(session, itemId)
  await nextReply(session, nextTurn)
  const late = messages.slice(last + 1)
  return {
    clearMs: clear.enteredAt - at,
    errorMs: audioEndMs === null ? null : audioEndMs - heardMs,
    beyondReceivedMs: Math.max(0, (audioEndMs ?? 0) - generatedMs),
    lateMs: late.reduce((sum, { lengthMs }) => sum + lengthMs, 0)
  }
}

function truncationOf(session: StandInSession, itemId: string): Promise<number | null> {
  const found = () => session.eventsOf('conversation.item.truncate').find(({ item_id }) => item_id === itemId)
  return session.until(found, `the truncation of ${itemId}`, TRUNCATION_MS).then(
    ({ audio_end_ms }) => audio_end_ms,
    () => null
  )
}

async function heardOut(call: TelnyxCall, firstMessage: number): Promise<void> {
  const whole = () => {
    const reply = call.playout.messages.slice(firstMessage)
    const last = reply.at(-1)
    const receivedMs = reply.reduce((sum, { lengthMs }) => sum + lengthMs, 0)
    if (!last || receivedMs < HEARD_REPLY_MS) return false
    return call.stream.now() - call.stream.startedAt > last.playedFromMs + last.lengthMs + 100
  }
  await call.until(whole, 'the end of a reply', DEADLINE_MS)
}

/** Resolves as the service begins its nth response, from 0: nothing of it has been sent yet. */
async function nextReply(session: StandInSession, turn: number): Promise<void> {
  await session.until(
    () => session.sentCount('response.created') > turn,
    `the beginning of reply ${turn}`,
    DEADLINE_MS
  )
}

function lastSpokenItem(session: StandInSession): string {
  const delta = session.sent.findLast((event) => event.type === 'response.output_audio.delta')
  return delta?.type === 'response.output_audio.delta' ? delta.item_id : ''
}
