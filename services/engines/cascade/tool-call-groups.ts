interface Group {
  open: number
  reply: boolean
}

/** The calls of one reply are answered by one reply, after the result of the last. */
export class ToolCallGroups {
  readonly #groups = new Map<string, Group>()

  add(calls: readonly { readonly id: string }[]): void {
    const group: Group = { open: calls.length, reply: false }
    for (const { id } of calls) this.#groups.set(id, group)
  }

  /** Whether the agent should speak now: this was the last result, and one of them wants a reply. */
  settle(callId: string, reply: boolean): boolean {
    const group = this.#groups.get(callId)
    if (!group) return false
    this.#groups.delete(callId)
    group.open -= 1
    group.reply ||= reply
    return group.open === 0 && group.reply
  }
}
