import type {
  ConversationItem,
  RealtimeConversationItemFunctionCall
} from 'openai/resources/realtime/realtime'

/** The calls of one response are answered by one reply, after the result of the last. */
interface Group {
  open: number
  reply: boolean
}

type FunctionCall = RealtimeConversationItemFunctionCall & { call_id: string }

/** Function calls whose result is still out. */
export class OpenToolCalls {
  readonly #groups = new Map<string, Group>()

  /** The whole calls among a response's items; one that a cancelled response broke off is none. */
  add(output: readonly ConversationItem[]): FunctionCall[] {
    const calls = output.filter(isWholeCall).filter(({ call_id }) => !this.#groups.has(call_id))
    const group: Group = { open: calls.length, reply: false }
    for (const { call_id } of calls) this.#groups.set(call_id, group)
    return calls
  }

  /** null for a call that is not open. `replyNow`: it was the last of its response, and one of them wants a reply. */
  settle(callId: string, reply: boolean): { replyNow: boolean } | null {
    const group = this.#groups.get(callId)
    if (!group) return null
    this.#groups.delete(callId)
    group.open -= 1
    group.reply ||= reply
    return { replyNow: group.open === 0 && group.reply }
  }
}

function isWholeCall(item: ConversationItem): item is FunctionCall {
  return item.type === 'function_call' && item.call_id !== undefined && item.status !== 'incomplete'
}
