import type { ChatCompletionMessageParam } from 'openai/resources/chat/completions'
import type { PastTurn } from '../past-turns.ts'
import { REST_INSTRUCTIONS } from '../rest-instructions.ts'
import type { RequestedCall } from './chat-model.ts'

type Entry =
  | { readonly kind: 'caller'; readonly utteranceId: string; readonly text: string }
  | { readonly kind: 'note'; readonly text: string }
  | AgentEntry

interface AgentEntry {
  readonly kind: 'agent'
  readonly replyId: string
  text: string
  readonly calls: { readonly call: RequestedCall; output: string | null }[]
}

/** For a call whose result is still out while the conversation goes on: the service takes none without an answer. */
const UNDER_WAY = 'Still under way; the result follows.'

/** What the model is told of the conversation so far: of its own words only those that were heard. */
export class Conversation {
  readonly #instructions: string
  readonly #entries: Entry[] = []

  constructor(instructions: string, past: readonly PastTurn[] = []) {
    this.#instructions = instructions
    for (const { speaker, text } of past) {
      if (speaker === 'caller') this.callerSaid('', text)
      else if (speaker === 'agent') this.agentSaid('', text)
      else this.note(text)
    }
  }

  /** Whether the last word is the caller's. */
  get awaitsAnswer(): boolean {
    return this.#entries.at(-1)?.kind === 'caller'
  }

  callerSaid(utteranceId: string, text: string): void {
    this.#entries.push({ kind: 'caller', utteranceId, text })
  }

  forgetCaller(utteranceId: string): void {
    const index = this.#entries.findLastIndex(
      (entry) => entry.kind === 'caller' && entry.utteranceId === utteranceId
    )
    if (index >= 0) this.#entries.splice(index, 1)
  }

  note(text: string): void {
    this.#entries.push({ kind: 'note', text })
  }

  /** What the agent says, or has said, in this reply; empty: it forgets that it said anything. */
  agentSaid(replyId: string, text: string): void {
    const entry = this.#reply(replyId)
    if (entry) entry.text = text
    else this.#entries.push({ kind: 'agent', replyId, text, calls: [] })
  }

  /** More words of the last reply turn out to have been heard. */
  remember(text: string): void {
    const last = this.#entries.at(-1)
    if (last?.kind === 'agent') last.text = `${last.text} ${text}`.trim()
    else this.agentSaid('', text)
  }

  agentCalled(replyId: string, calls: readonly RequestedCall[]): void {
    if (!this.#reply(replyId)) this.agentSaid(replyId, '')
    this.#reply(replyId)?.calls.push(...calls.map((call) => ({ call, output: null })))
  }

  /** False for a call that is not open. */
  toolReturned(callId: string, output: string): boolean {
    for (const entry of this.#entries) {
      const made = entry.kind === 'agent' ? entry.calls.find(({ call }) => call.id === callId) : undefined
      if (made?.output === null) {
        made.output = output
        return true
      }
    }
    return false
  }

  /**
   * `callerText`: what the caller may have said, if that was all. `written`: what of the answer is there already while
   * the rest is asked for anew.
   */
  messages(callerText: string | null, written: string): ChatCompletionMessageParam[] {
    const messages: ChatCompletionMessageParam[] = [{ role: 'system', content: this.#instructions }]
    for (const entry of this.#entries) messages.push(...messagesOf(entry))
    if (callerText !== null) messages.push({ role: 'user', content: callerText })
    return [...messages, ...goingOn(written)]
  }

  /** To go on with the reply that was broken off. */
  rest(written: string): ChatCompletionMessageParam[] {
    return [...this.messages(null, ''), { role: 'system', content: REST_INSTRUCTIONS }, ...goingOn(written)]
  }

  #reply(replyId: string): AgentEntry | undefined {
    if (replyId === '') return undefined
    return this.#entries.findLast(
      (entry): entry is AgentEntry => entry.kind === 'agent' && entry.replyId === replyId
    )
  }
}

function goingOn(written: string): ChatCompletionMessageParam[] {
  if (written.trim() === '') return []
  return [
    { role: 'assistant', content: written.trim() },
    { role: 'system', content: 'You were cut off there. Go on from that word on.' }
  ]
}

function messagesOf(entry: Entry): ChatCompletionMessageParam[] {
  if (entry.kind === 'caller') return [{ role: 'user', content: entry.text }]
  if (entry.kind === 'note') return [{ role: 'system', content: entry.text }]
  const { calls, text } = entry
  if (calls.length === 0) return text === '' ? [] : [{ role: 'assistant', content: text }]
  return [
    {
      role: 'assistant',
      content: text === '' ? null : text,
      tool_calls: calls.map(({ call: { id, name, arguments: args } }) => ({
        id,
        type: 'function',
        function: { name, arguments: args }
      }))
    },
    ...calls.map(({ call, output }) => ({
      role: 'tool' as const,
      tool_call_id: call.id,
      content: output ?? UNDER_WAY
    }))
  ]
}
