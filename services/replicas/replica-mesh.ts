import { randomUUID } from 'node:crypto'
import type { RedisLink } from './redis-link.ts'

/** To all replicas. */
const EVERYBODY = 'replicas'
const channelOf = (replicaId: string) => `replica:${replicaId}`

/** What replicas say to each other. */
export type MessageKind = 'ask' | 'answer' | 'open' | 'text' | 'binary' | 'shut' | 'event'

export interface ReplicaMessage {
  /** The replica that sent it. */
  readonly from: string
  /** Of the request, or of the stream, that it belongs to. */
  readonly id: string
  readonly body: string
}

/** Messages between the replicas of one installation, in order; lost where Redis is away. */
export class ReplicaMesh {
  /** Of this process. */
  readonly id = randomUUID()
  readonly #link: RedisLink
  readonly #listeners = new Map<MessageKind, Set<(message: ReplicaMessage) => void>>()

  private constructor(link: RedisLink) {
    this.#link = link
  }

  static async join(link: RedisLink): Promise<ReplicaMesh> {
    const mesh = new ReplicaMesh(link)
    await link.subscribe([channelOf(mesh.id), EVERYBODY], (text) => mesh.#receive(text))
    return mesh
  }

  /** Returns the function that stops it. */
  on(kind: MessageKind, listener: (message: ReplicaMessage) => void): () => void {
    const listeners = this.#listeners.get(kind) ?? new Set()
    this.#listeners.set(kind, listeners.add(listener))
    return () => listeners.delete(listener)
  }

  /** Resolves with whether that replica is there to take it. Never rejects. */
  async send(to: string, kind: MessageKind, id: string, body = ''): Promise<boolean> {
    return this.#link.publish(channelOf(to), `${kind} ${this.id} ${id} ${body}`).then(
      (receivers) => receivers > 0,
      () => false
    )
  }

  /** To all replicas but this one. */
  broadcast(kind: MessageKind, id: string, body = ''): void {
    this.#link.publish(EVERYBODY, `${kind} ${this.id} ${id} ${body}`).catch(() => undefined)
  }

  #receive(text: string): void {
    const [, kind, from, id, body] = /^(\w+) (\S+) (\S+) (.*)$/s.exec(text) ?? []
    if (from === undefined || from === this.id) return
    for (const listener of this.#listeners.get(kind as MessageKind) ?? []) listener({ from, id, body })
  }
}
