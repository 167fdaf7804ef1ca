import { CallMilestones } from './call-milestones.ts'
import { CallTranscript, type CompletedTurn } from './call-transcript.ts'
import type { AgentEngine, HeardReply } from './contracts/agent-engine.ts'
import type { CallEvent, CallEvents, CallIdentity, EndReason } from './contracts/call-events.ts'
import type { Clock } from './contracts/clock.ts'
import type { MediaTransport, StreamStart } from './contracts/media-transport.ts'
import { DeadAir } from './dead-air.ts'
import { percentile } from './turn-latency.ts'

/** Keys pressed closer together than this are one entry. */
const KEYS_PAUSE_MS = 3000

type FirstAudio = Extract<CallEvent, { type: `audio.${string}` }>['type']

/** Keeps the record of one call and tells it: milestones, transcript, turns with their latencies, and the end. */
export class CallReporter {
  readonly answeredAt: number
  readonly #call: CallIdentity
  readonly #events: CallEvents
  readonly #clock: Clock
  readonly #transcript = new CallTranscript()
  readonly #milestones: CallMilestones
  readonly #deadAir: DeadAir
  /** By turn. */
  readonly #responses = new Map<number, number>()
  #interruptions = 0
  /** The agent will speak, whatever the caller said. */
  #agentOwes = false
  #keys = { id: '', digits: '', at: 0 }

  constructor(options: { call: CallIdentity; events: CallEvents; clock: Clock }) {
    this.#call = options.call
    this.#events = options.events
    this.#clock = options.clock
    this.answeredAt = options.clock.now()
    this.#deadAir = new DeadAir(this.answeredAt)
    this.#milestones = new CallMilestones({ clock: options.clock, publish: (event) => this.publish(event) })
  }

  publish(event: CallEvent): void {
    this.#events.publish(this.#call, event)
  }

  streamConnected({ inboundFormat, streamId }: StreamStart, { outboundFormat }: MediaTransport): void {
    this.#milestones.reached({ type: 'stream.connected', inboundFormat, outboundFormat, streamId })
  }

  sessionReady({ name, inputFormat, outputFormat }: AgentEngine, connectMs: number): void {
    this.#milestones.reached({ type: 'session.ready', engine: name, connectMs, inputFormat, outputFormat })
  }

  firstAudio(type: FirstAudio): void {
    if (this.#milestones.has(type)) return
    this.#milestones.reached({ type, afterMs: Math.round(this.#clock.now() - this.answeredAt) })
  }

  callerStarted(utteranceId: string): void {
    this.#publishTurn(this.#transcript.callerStarted(utteranceId, this.#clock.now()))
  }

  echoSuspected(): void {
    this.publish({ type: 'echo.suspected', turnIndex: this.#transcript.turnIndex })
  }

  /** `lastSpeechAt`: when the caller was last heard speaking, from the audio itself. */
  callerStopped(utteranceId: string, lastSpeechAt: number | null): void {
    const now = this.#clock.now()
    this.#deadAir.waits(this.#transcript.callerStopped(utteranceId, lastSpeechAt, now))
  }

  /** `emptyIsNothing`: the engine answers no utterance that has no words. */
  callerText(utteranceId: string, text: string, emptyIsNothing: boolean): void {
    const placed = this.#transcript.callerText(utteranceId, text)
    if (!placed) return
    const { turnIndex, revised } = placed
    if (text === '' && emptyIsNothing && !this.#agentOwes) this.#deadAir.expectsNothing()
    if (text !== '') this.publish({ type: 'transcript', turnIndex, speaker: 'caller', text, final: true })
    this.#publishTurn(revised)
  }

  /** A key is an utterance; keys in quick succession are one. */
  callerPressed(digit: string): void {
    const now = this.#clock.now()
    this.publish({ type: 'dtmf', digit })
    if (now - this.#keys.at > KEYS_PAUSE_MS) {
      this.#keys = { id: `keys ${now}`, digits: '', at: now }
      this.callerStarted(this.#keys.id)
    }
    this.#keys.digits += digit
    this.#keys.at = now
    this.callerStopped(this.#keys.id, now)
    this.#transcript.callerText(this.#keys.id, `[keys ${this.#keys.digits}]`)
  }

  replyAudio(replyId: string, ms: number): void {
    this.firstAudio('audio.first_from_engine')
    this.#transcript.replyAudio(replyId, ms, this.#clock.now())
  }

  replyText(replyId: string, delta: string): void {
    this.#transcript.replyText(replyId, delta)
    const { turnIndex } = this.#transcript
    this.publish({ type: 'transcript', turnIndex, speaker: 'agent', text: delta, final: false })
  }

  /** The caller begins to hear this reply. */
  replyHeard(replyId: string): void {
    this.#transcript.replyHeard(replyId, this.#clock.now())
    this.#deadAir.heard(this.#clock.now())
    this.#agentOwes = false
    this.firstAudio('audio.first_to_caller')
  }

  /** `moreToCome`: the agent was told to speak on in this turn. */
  replyHeardWhole(replyId: string, moreToCome: boolean): void {
    if (moreToCome) this.#deadAir.waits(this.#clock.now())
    this.#publishTurn(this.#transcript.replyHeardWhole(replyId, this.#clock.now(), moreToCome))
  }

  interrupted(heard: readonly HeardReply[], at: number, clearMs: number): void {
    this.#interruptions += 1
    const cut = this.#transcript.interrupted(heard, at)
    if (!cut) return
    const { turnIndex, heardMs, saidMs } = cut.turn
    this.publish({ type: 'turn.interrupted', turnIndex, heardMs, saidMs, clearMs })
    this.#publishTurn(cut)
  }

  /** The agent was lost, and will ask again. `unheardMs`: what is left of the reply that it broke off, if it did. */
  callerMisheard(unheardMs: number | null): void {
    this.#agentOwes = true
    if (unheardMs !== null) this.#deadAir.keepsWaiting(this.#clock.now() + unheardMs)
  }

  /** What the caller said leaves the floor to the agent. */
  callerYields(): void {
    this.#transcript.callerYields()
    this.#deadAir.expectsNothing()
  }

  /** These replies were given up before any of them was heard. */
  replyDropped(replyIds: readonly string[]): void {
    for (const replyId of replyIds) this.#transcript.forgetReply(replyId)
  }

  /** Where to take up this cut reply. */
  resumePoint({ replyId, heardMs }: HeardReply): number {
    return this.#transcript.resumePoint(replyId, heardMs) ?? heardMs
  }

  /** Cut replies go on: the interruption, `afterMs` ago, did not count. */
  resumed(replies: readonly HeardReply[], afterMs: number): void {
    this.#interruptions -= 1
    this.#transcript.callerYields()
    this.#deadAir.heard(this.#clock.now())
    const turns = replies.map(({ replyId }) => this.#transcript.resumed(replyId))
    const turnIndex = turns.find((index) => index !== null)
    if (turnIndex !== undefined && turnIndex !== null)
      this.publish({ type: 'turn.resumed', turnIndex, afterMs })
  }

  /** The words of a reply between two instants of its audio; to its end where `toMs` is null. */
  wordsBetween(replyId: string, fromMs: number, toMs: number | null): string {
    return this.#transcript.wordsBetween(replyId, fromMs, toMs ?? Number.POSITIVE_INFINITY)
  }

  /** Tells what is open and the end. `heardMs`: what was heard of a reply that is still playing, null of any other. */
  ended(
    end: { reason: EndReason; detail: string | null },
    endedAt: number,
    heardMs: (replyId: string) => number | null
  ): void {
    this.#milestones.flush()
    const { answerToGreetingMs, longestMs } = this.#deadAir.end(endedAt)
    for (const turn of this.#transcript.end(heardMs, endedAt)) this.#publishTurn(turn)
    this.publish({
      type: 'call.ended',
      ...end,
      answeredAt: this.answeredAt,
      durationMs: Math.round(endedAt - this.answeredAt),
      turns: this.#transcript.turnIndex + 1,
      interruptions: this.#interruptions,
      p50ResponseMs: percentile([...this.#responses.values()], 0.5),
      p95ResponseMs: percentile([...this.#responses.values()], 0.95),
      answerToGreetingMs,
      deadAirMs: longestMs
    })
  }

  #publishTurn(completed: CompletedTurn | null): void {
    if (!completed) return
    const { turnIndex, latency } = completed.turn
    const measured = latency.responseMs !== null && !this.#responses.has(turnIndex)
    if (measured) this.#responses.set(turnIndex, latency.responseMs)
    this.publish({
      type: 'turn.completed',
      ...completed,
      ...(measured && completed.revised && { measuredLate: true })
    })
  }
}
