import type { ConversationItem } from 'openai/resources/realtime/realtime'
import type { EventFault } from './event-schema.ts'

interface Entry {
  readonly item: ConversationItem
  /** Of the model's audio, generated so far or left by a truncation. */
  audioMs: number
}

/** The items that the model remembers, and what the service refuses to do to them. */
export class Conversation {
  readonly #entries = new Map<string, Entry>()
  readonly #callIds = new Set<string>()

  get lastId(): string | null {
    return [...this.#entries.keys()].at(-1) ?? null
  }

  get itemIds(): string[] {
    return [...this.#entries.keys()]
  }

  /** Milliseconds of a reply that the model believes it said. */
  audioMs(itemId: string): number | undefined {
    return this.#entries.get(itemId)?.audioMs
  }

  add(id: string, item: ConversationItem): void {
    this.#entries.set(id, { item, audioMs: 0 })
    if (item.type === 'function_call' && item.call_id) this.#callIds.add(item.call_id)
  }

  audioGenerated(itemId: string, ms: number): void {
    const entry = this.#entries.get(itemId)
    if (entry) entry.audioMs += ms
  }

  /** Why a client may not add this; null where it may. */
  refusal(id: string, item: ConversationItem): EventFault | null {
    if (this.#entries.has(id)) {
      const message = `Item with id '${id}' already exists.`
      return { code: 'item_create_duplicate_id', message, param: 'item.id' }
    }
    if (item.type === 'function_call_output' && !this.#callIds.has(item.call_id)) {
      const message = `Tool call ID '${item.call_id}' not found in conversation.`
      return { code: 'invalid_tool_call_id', message, param: 'item.call_id' }
    }
    return null
  }

  delete(itemId: string): EventFault | null {
    if (this.#entries.delete(itemId)) return null
    const message = `Error deleting item: the item with id '${itemId}' does not exist.`
    return { code: 'item_delete_invalid_item_id', message, param: 'item_id' }
  }

  truncate(itemId: string, contentIndex: number, audioEndMs: number): EventFault | null {
    const entry = this.#entries.get(itemId)
    if (!entry) {
      const message = `Error truncating item: the item with id '${itemId}' does not exist.`
      return { code: 'item_truncate_invalid_item_id', message, param: 'item_id' }
    }
    const spoken = entry.item.type === 'message' && entry.item.role === 'assistant'
    if (!spoken || contentIndex !== 0 || entry.audioMs === 0) {
      const message = 'Only model output audio messages can be truncated'
      return { code: 'unsupported_content_type', message, param: null }
    }
    if (audioEndMs < 0 || audioEndMs > entry.audioMs) {
      const message = `Audio content of ${Math.floor(entry.audioMs)}ms is already shorter than ${audioEndMs}ms`
      return { code: 'invalid_value', message, param: 'audio_end_ms' }
    }
    entry.audioMs = audioEndMs
    return null
  }
}
