import type { CallSession } from './call-session.ts'
import type { MediaTransport, StreamStart } from './contracts/media-transport.ts'

/**
 * The media stream of a call that nobody has answered yet, as its carrier tells: it waits for the session, and what it
 * carries until then is not for the agent.
 */
export class EarlyMedia {
  readonly #transport: MediaTransport
  #start: StreamStart | null = null
  #stopped = false

  /** In the tick in which the socket opened, or frames are lost. */
  constructor(transport: MediaTransport) {
    this.#transport = transport
    transport.on('started', (start) => {
      this.#start = start
    })
    transport.on('stopped', () => {
      this.#stopped = true
    })
  }

  /** Gives the stream to the session of the call. False where it is gone already. */
  handTo(session: CallSession): boolean {
    if (this.#stopped) return false
    this.#transport.removeAllListeners()
    session.attachMedia(this.#transport)
    if (this.#start) this.#transport.emit('started', this.#start)
    return true
  }

  close(): void {
    this.#transport.close()
  }
}
