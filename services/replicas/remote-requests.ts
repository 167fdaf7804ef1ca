import { randomUUID } from 'node:crypto'
import type { Clock } from '../../sessions/contracts/clock.ts'
import type { ReplicaMesh } from './replica-mesh.ts'

/** The longest request is a transfer, which is answered once somebody has or has not picked up. */
const DEADLINE_MS = 70_000

/** An HTTP request that has come to one replica and is for another. */
export interface RemoteRequest {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** Whether it has shown the operator's token. */
  readonly operator: boolean
}

export interface RemoteReply {
  readonly status: number
  readonly type: string | null
  readonly body: string
}

/** Requests between replicas. */
export class RemoteRequests {
  readonly #mesh: ReplicaMesh
  readonly #clock: Clock
  readonly #waiting = new Map<string, (reply: RemoteReply | null) => void>()

  constructor({ mesh, clock }: { mesh: ReplicaMesh; clock: Clock }) {
    this.#mesh = mesh
    this.#clock = clock
    mesh.on('answer', ({ id, body }) => this.#waiting.get(id)?.(JSON.parse(body)))
  }

  /** How this replica answers. */
  serve(answer: (request: RemoteRequest) => Promise<RemoteReply>): void {
    this.#mesh.on('ask', ({ from, id, body }) => {
      answer(JSON.parse(body)).then(
        (reply) => this.#mesh.send(from, 'answer', id, JSON.stringify(reply)),
        () => undefined
      )
    })
  }

  /** null where that replica is gone, or says nothing. */
  async ask(replicaId: string, request: RemoteRequest): Promise<RemoteReply | null> {
    const id = randomUUID()
    const { promise, resolve } = Promise.withResolvers<RemoteReply | null>()
    this.#waiting.set(id, resolve)
    const cancel = this.#clock.after(DEADLINE_MS, () => resolve(null))
    if (!(await this.#mesh.send(replicaId, 'ask', id, JSON.stringify(request)))) resolve(null)
    const reply = await promise
    cancel()
    this.#waiting.delete(id)
    return reply
  }
}
