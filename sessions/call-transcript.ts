import type { HeardReply } from './contracts/agent-engine.ts'
import type { TurnRecord, TurnSide } from './contracts/call-events.ts'
import { TurnStopwatch } from './turn-latency.ts'

interface Utterance {
  text: string
  readonly startedAt: number
  endedAt: number
}

interface Reply {
  text: string
  receivedMs: number
  /** null while the caller is still hearing it. */
  heardMs: number | null
}

interface Turn {
  readonly index: number
  readonly utterances: Map<string, Utterance>
  readonly replies: Map<string, Reply>
  stopwatch: TurnStopwatch
  replyStartedAt: number | null
  replyEndedAt: number | null
  interrupted: boolean
  published: boolean
}

/** A turn as it stands; `revised` where it was complete before. */
export interface CompletedTurn {
  readonly turn: TurnRecord
  readonly revised: boolean
}

/** The engine tells of speech so much later at most; what was heard before that was an earlier utterance. */
const HEARD_BEFORE_MS = 1000

/** Late transcripts are looked for in this many turns. */
const REMEMBERED_TURNS = 8

/**
 * The conversation in turns: who said what, and what of it was heard. A turn opens when the caller begins to speak
 * after a reply; turn 0 is the greeting. Methods that can complete a turn, or change a complete one, return it, or null.
 */
export class CallTranscript {
  #turns: Turn[] = [createTurn(0)]

  get turnIndex(): number {
    return this.#current.index
  }

  /** The caller began to speak at `at`. Returns the turn before, where this is what completes it. */
  callerStarted(utteranceId: string, at: number): CompletedTurn | null {
    let completed: CompletedTurn | null = null
    if (this.#current.index === 0 || this.#current.replies.size > 0) {
      if (!this.#current.published) completed = this.#complete(this.#current, at)
      this.#turns.push(createTurn(this.#current.index + 1))
      if (this.#turns.length > REMEMBERED_TURNS) this.#turns.shift()
    }
    this.#current.utterances.set(utteranceId, { text: '', startedAt: at, endedAt: at })
    return completed
  }

  /**
   * The caller was last heard speaking at `lastSpeechAt`, if ever; the engine decided at `committedAt` that the turn had
   * ended. Returns when they stopped.
   */
  callerStopped(utteranceId: string, lastSpeechAt: number | null, committedAt: number): number {
    const turn = this.#turnOf(utteranceId)
    const utterance = turn?.utterances.get(utteranceId)
    const earliest = utterance ? utterance.startedAt - HEARD_BEFORE_MS : Number.NEGATIVE_INFINITY
    const stoppedAt = lastSpeechAt === null || lastSpeechAt < earliest ? committedAt : lastSpeechAt
    if (!turn || !utterance) return stoppedAt
    utterance.endedAt = Math.max(utterance.startedAt, stoppedAt)
    turn.stopwatch.callerStopped(stoppedAt, committedAt)
    return stoppedAt
  }

  /** What the caller said. Returns the turn it belongs to, and that turn where it was complete before. */
  callerText(utteranceId: string, text: string): { turnIndex: number; revised: CompletedTurn | null } | null {
    const turn = this.#turnOf(utteranceId)
    const utterance = turn?.utterances.get(utteranceId)
    if (!turn || !utterance) return null
    utterance.text = text
    return { turnIndex: turn.index, revised: turn.published ? this.#complete(turn, utterance.endedAt) : null }
  }

  /** `ms` of audio came from the engine for this reply. True for the first. */
  replyAudio(replyId: string, ms: number, at: number): boolean {
    const reply = this.#reply(replyId)
    const first = reply.receivedMs === 0
    reply.receivedMs += ms
    this.#current.stopwatch.firstAudio(at)
    return first
  }

  replyText(replyId: string, delta: string): void {
    this.#reply(replyId).text += delta
  }

  /** This reply was given up before any of it was heard. */
  forgetReply(replyId: string): void {
    const turn = this.#turnWithReply(replyId)
    if (!turn) return
    turn.replies.delete(replyId)
    if (turn.replies.size === 0) turn.stopwatch = new TurnStopwatch()
  }

  /** The caller begins to hear this reply. */
  replyHeard(replyId: string, at: number): void {
    const turn = this.#turnWithReply(replyId)
    if (!turn) return
    turn.stopwatch.firstHeard(at)
    turn.replyStartedAt ??= at
  }

  /** This reply was played to its end. Returns the turn where nothing more of it is to be heard. */
  replyHeardWhole(replyId: string, at: number, moreToCome: boolean): CompletedTurn | null {
    const turn = this.#turnWithReply(replyId)
    const reply = turn?.replies.get(replyId)
    if (!turn || !reply) return null
    reply.heardMs = reply.receivedMs
    turn.replyEndedAt = at
    const settled = [...turn.replies.values()].every(({ heardMs }) => heardMs !== null)
    return settled && !moreToCome ? this.#complete(turn, at) : null
  }

  /** The caller took the floor. Returns the turn as it was cut. */
  interrupted(heard: readonly HeardReply[], at: number): CompletedTurn | null {
    let cut: Turn | null = null
    for (const { replyId, heardMs } of heard) {
      const turn = this.#turnWithReply(replyId)
      const reply = turn?.replies.get(replyId)
      if (!turn || !reply) continue
      reply.heardMs = heardMs
      turn.interrupted = true
      turn.replyEndedAt = at
      cut = turn
    }
    if (!cut) return null
    // Of any other that was taken back with them only the end mark was missing.
    for (const reply of cut.replies.values()) reply.heardMs ??= reply.receivedMs
    return this.#complete(cut, at)
  }

  /**
   * Where to take up a reply that was cut after `heardMs`: the start of the first word not heard, in ms of the reply.
   * null where nothing is known of it.
   */
  resumePoint(replyId: string, heardMs: number): number | null {
    const reply = this.#turnWithReply(replyId)?.replies.get(replyId)
    return reply ? startOfUnheardWord(reply.text, heardMs, reply.receivedMs) : null
  }

  /** A cut reply goes on: the cut did not count. Returns the turn's index; null where nothing is known of it. */
  resumed(replyId: string): number | null {
    const turn = this.#turnWithReply(replyId)
    const reply = turn?.replies.get(replyId)
    if (!turn || !reply) return null
    reply.heardMs = null
    turn.interrupted = false
    turn.replyEndedAt = null
    return turn.index
  }

  /** What the caller said last wants no answer: what the agent says next is none, however late. */
  callerYields(): void {
    if (this.#current.replies.size === 0) this.#current.stopwatch = new TurnStopwatch()
  }

  /** The words of a reply between two instants of its audio, in ms. */
  wordsBetween(replyId: string, fromMs: number, toMs: number): string {
    const reply = this.#turnWithReply(replyId)?.replies.get(replyId)
    if (!reply) return ''
    const before = heardWords(reply.text, fromMs, reply.receivedMs)
    return heardWords(reply.text, toMs, reply.receivedMs).slice(before.length).trim()
  }

  /**
   * The call is over. Returns the last turn where it was not complete, and each in which the agent has spoken on since.
   * `heardMs`: what was heard of a reply that is still playing; null of one that was heard whole.
   */
  end(heardMs: (replyId: string) => number | null, at: number): CompletedTurn[] {
    return this.#turns.flatMap((turn) => {
      const open = [...turn.replies].filter(([, reply]) => reply.heardMs === null)
      if (turn.published && open.length === 0) return []
      for (const [replyId, reply] of open) {
        const playedMs = heardMs(replyId)
        if (playedMs !== null) turn.replyEndedAt = at
        reply.heardMs = Math.min(playedMs ?? reply.receivedMs, reply.receivedMs)
      }
      return this.#complete(turn, at) ?? []
    })
  }

  get #current(): Turn {
    return this.#turns[this.#turns.length - 1]
  }

  /** A reply that is being heard counts as heard whole, until the caller or the end of the call cuts it. */
  #complete(turn: Turn, at: number): CompletedTurn | null {
    turn.replyEndedAt ??= at
    if (turn.replies.size === 0 && saidBy(turn) === '') return null
    const revised = turn.published
    turn.published = true
    return { turn: recordOf(turn), revised }
  }

  #reply(replyId: string): Reply {
    const { replies } = this.#current
    const known = replies.get(replyId) ?? this.#turnWithReply(replyId)?.replies.get(replyId)
    if (known) return known
    const reply: Reply = { text: '', receivedMs: 0, heardMs: null }
    replies.set(replyId, reply)
    return reply
  }

  #turnOf(utteranceId: string): Turn | undefined {
    return this.#turns.findLast((turn) => turn.utterances.has(utteranceId))
  }

  #turnWithReply(replyId: string): Turn | undefined {
    return this.#turns.findLast((turn) => turn.replies.has(replyId))
  }
}

/** The words of `text` that fit in what was heard: whole words, in proportion of the time heard. */
export function heardWords(text: string, heardMs: number, receivedMs: number): string {
  if (receivedMs <= 0 || heardMs <= 0) return ''
  if (heardMs >= receivedMs) return text
  const reach = text.length * (heardMs / receivedMs)
  let end = 0
  for (const word of text.matchAll(/\S+\s*/g)) {
    if (word.index + word[0].trimEnd().length > reach) break
    end = word.index + word[0].length
  }
  return text.slice(0, end).trimEnd()
}

/** Milliseconds of the reply at which the first word begins that was not heard whole. */
function startOfUnheardWord(text: string, heardMs: number, receivedMs: number): number {
  const heard = heardWords(text, heardMs, receivedMs)
  if (text.length === 0) return heardMs
  return Math.min(heardMs, (heard.length / text.length) * receivedMs)
}

function createTurn(index: number): Turn {
  return {
    index,
    utterances: new Map(),
    replies: new Map(),
    stopwatch: new TurnStopwatch(),
    replyStartedAt: null,
    replyEndedAt: null,
    interrupted: false,
    published: false
  }
}

function saidBy(turn: Turn): string {
  return join([...turn.utterances.values()].map(({ text }) => text))
}

function recordOf(turn: Turn): TurnRecord {
  const replies = [...turn.replies.values()]
  return {
    turnIndex: turn.index,
    caller: callerSide(turn),
    agent: agentSide(turn, replies),
    interrupted: turn.interrupted,
    heardMs: Math.round(replies.reduce((sum, { heardMs, receivedMs }) => sum + (heardMs ?? receivedMs), 0)),
    saidMs: Math.round(replies.reduce((sum, { receivedMs }) => sum + receivedMs, 0)),
    latency: turn.stopwatch.read()
  }
}

function callerSide(turn: Turn): TurnSide | null {
  const utterances = [...turn.utterances.values()]
  if (utterances.length === 0) return null
  const saidText = saidBy(turn)
  return {
    saidText,
    heardText: saidText,
    startedAt: utterances[0].startedAt,
    endedAt: utterances[utterances.length - 1].endedAt
  }
}

function agentSide(turn: Turn, replies: readonly Reply[]): TurnSide | null {
  if (replies.length === 0) return null
  const endedAt = turn.replyEndedAt as number
  return {
    saidText: join(replies.map(({ text }) => text)),
    heardText: join(
      replies.map(({ text, heardMs, receivedMs }) => heardWords(text, heardMs ?? receivedMs, receivedMs))
    ),
    startedAt: turn.replyStartedAt ?? endedAt,
    endedAt
  }
}

function join(texts: readonly string[]): string {
  return texts
    .map((text) => text.trim())
    .filter((text) => text !== '')
    .join(' ')
}
