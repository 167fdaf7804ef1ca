import path from 'node:path'
import type { Logger } from 'pino'
import type { AudioFormat } from '../../audio/format.ts'
import type { AgentProfile } from '../../sessions/contracts/agent-profile.ts'
import type { AudioTapSource } from '../../sessions/contracts/audio-tap.ts'
import type {
  CallEvent,
  CallEvents,
  CallIdentity,
  PublishedCallEvent,
  TurnRecord
} from '../../sessions/contracts/call-events.ts'
import { CallRecording } from './call-recording.ts'
import { refusesRecording } from './refusal.ts'

/** What is recorded of a live call, and by whose wishes. */
export interface RecordableCall {
  readonly taps: AudioTapSource
  readonly profile: AgentProfile
  /** What the agent's audio is sent as. */
  readonly streamFormat: AudioFormat
}

export interface CallRecordingsOptions {
  readonly events: CallEvents
  readonly log: Logger
  /** Exists. */
  readonly folder: string
  /** RECORD_CALLS, for agents that leave it open. */
  readonly recordCalls: boolean
  /** The answered call of this id, while it is held here. */
  readonly callOf: (callId: string) => RecordableCall | null
  /** The recording of a call is complete, in `<folder>/<call id>.wav`. */
  readonly onRecorded: (callId: string) => void
  /** A caller has refused: the file, if there is one, must go, and never come back. */
  readonly onRefused: (callId: string) => void
}

interface Running {
  readonly call: CallIdentity
  readonly subject: RecordableCall
  /** null: nothing is said of the recording. */
  readonly notice: string | null
  /** null until the notice was heard, or after a refusal. */
  recording: CallRecording | null
  refused: boolean
  /** The call has ended; what is left of the recording is being written. */
  over: boolean
  /** Whether the caller has said anything since the notice. */
  answered: boolean
}

/** What begins and ends a recording, and tells whether its caller consents. */
const MATTERS: ReadonlySet<CallEvent['type']> = new Set<CallEvent['type']>([
  'call.answered',
  'turn.completed',
  'transcript',
  'call.ended'
])

/** Whether calls of this agent are recorded. */
export function isRecorded(profile: AgentProfile, recordCalls: boolean): boolean {
  return profile.recordCalls ?? recordCalls
}

/** Records the calls that are to be recorded, and only those whose caller was told, where the agent wants that. */
export class CallRecordings {
  readonly #options: CallRecordingsOptions
  readonly #running = new Map<string, Running>()
  readonly #closing = new Set<Promise<void>>()
  readonly #unsubscribe: () => void

  constructor(options: CallRecordingsOptions) {
    this.#options = options
    this.#unsubscribe = options.events.subscribe(
      (published) => this.#on(published),
      (type) => MATTERS.has(type)
    )
  }

  /** Whether a call's file may still grow. */
  has(callId: string): boolean {
    return this.#running.has(callId)
  }

  /** Completes what is being recorded. */
  async close(): Promise<void> {
    this.#unsubscribe()
    for (const callId of this.#running.keys()) this.#finish(callId)
    await Promise.all(this.#closing)
  }

  #on({ call, event }: PublishedCallEvent): void {
    const { callId } = call
    if (event.type === 'call.answered') return this.#begin(call)
    const running = this.#running.get(callId)
    if (!running) return
    if (event.type === 'call.ended') return this.#finish(callId)
    if (running.notice === null || running.refused) return
    if (event.type === 'turn.completed') this.#noticeMayBeHeard(running, event.turn, running.notice)
    if (event.type !== 'transcript' || event.speaker !== 'caller' || !event.final) return
    const refuses = refusesRecording(event.text, { first: !running.answered })
    running.answered = true
    if (refuses) this.#refuse(running)
  }

  #begin(call: CallIdentity): void {
    const subject = this.#options.callOf(call.callId)
    if (!subject || !isRecorded(subject.profile, this.#options.recordCalls)) return
    const notice = subject.profile.recordingConsent.trim() || null
    const running: Running = {
      call,
      subject,
      notice,
      recording: null,
      refused: false,
      over: false,
      answered: false
    }
    this.#running.set(call.callId, running)
    if (notice === null) this.#record(running)
  }

  /** The greeting begins with the notice: what was heard of the one tells of the other. */
  #noticeMayBeHeard(running: Running, { agent }: TurnRecord, notice: string): void {
    if (running.recording || !agent) return
    if (startsWithWords(agent.heardText, notice)) this.#record(running)
  }

  #record(running: Running): void {
    const { call, subject, notice } = running
    const { events, folder, log } = this.#options
    running.recording = new CallRecording({
      path: path.join(folder, `${call.callId}.wav`),
      taps: subject.taps,
      agentFormat: subject.streamFormat,
      onBroken: (error) => {
        log.error({ event: 'recording.broken', callId: call.callId, err: error }, 'A recording broke off')
        events.publish(call, { type: 'recording.stopped', reason: 'disk' })
      }
    })
    // After what began it has been told to everybody.
    queueMicrotask(() => events.publish(call, { type: 'recording.started', consent: notice !== null }))
  }

  #refuse(running: Running): void {
    const { call, recording } = running
    running.refused = true
    running.recording = null
    this.#options.events.publish(call, { type: 'recording.stopped', reason: 'refused' })
    this.#await(
      (recording?.close() ?? Promise.resolve(false)).then(() => this.#options.onRefused(call.callId))
    )
  }

  #finish(callId: string): void {
    const running = this.#running.get(callId)
    const recording = running?.recording
    if (running?.over) return
    if (!running || !recording) return void this.#running.delete(callId)
    running.over = true
    this.#await(
      recording.close().then((made) => {
        this.#running.delete(callId)
        if (made) this.#options.onRecorded(callId)
      })
    )
  }

  #await(closing: Promise<void>): void {
    this.#closing.add(closing)
    void closing.finally(() => this.#closing.delete(closing))
  }
}

/** By the letters alone: an engine may put its own punctuation between them. */
function startsWithWords(text: string, beginning: string): boolean {
  const letters = (of: string) => of.toLowerCase().replaceAll(/[^\p{L}\p{N}]+/gu, '')
  return letters(text).startsWith(letters(beginning))
}
