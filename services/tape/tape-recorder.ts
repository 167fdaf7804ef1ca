import { createWriteStream, type WriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import type { Logger } from 'pino'
import type { CallEvents } from '../../sessions/contracts/call-events.ts'
import type { CallTape, TapeHeader, TapeLine } from '../../sessions/contracts/call-tape.ts'
import type { Clock } from '../../sessions/contracts/clock.ts'

/** A disk that is this far behind is not waited for: the tape ends, the call goes on. */
const BACKLOG_LIMIT_BYTES = 8_000_000
/** What carriers send back of our own secrets. */
const SECRET = /("(?:x-telnyx-streaming-auth-token|token|stream_auth_token)":")[^"]*/g

export interface TapeRecorder {
  /** Starts the tape of a call: `<folder>/<callId>.jsonl`, one JSON object a line, the header first. */
  record(header: TapeHeader): CallTape
  close(): Promise<void>
}

/** Writes a tape of every call, off the media path: lines are handed to the stream of their file and forgotten. */
export async function createTapeRecorder(options: {
  folder: string
  clock: Clock
  events: CallEvents
  log: Logger
}): Promise<TapeRecorder> {
  const { clock, events, folder, log } = options
  await mkdir(folder, { recursive: true })
  const open = new Map<string, Tape>()
  const unsubscribe = events.subscribe(({ call, event }) => {
    if (event.type !== 'call.ended') return
    open.get(call.callId)?.end(event.reason)
    open.delete(call.callId)
  })

  return {
    record(header) {
      const file = path.join(folder, `${header.call.callId}.jsonl`)
      const tape = new Tape({ file, header, clock, log })
      open.set(header.call.callId, tape)
      return tape
    },
    async close() {
      unsubscribe()
      await Promise.all([...open.values()].map((tape) => tape.finished()))
    }
  }
}

class Tape implements CallTape {
  readonly #stream: WriteStream
  readonly #clock: Clock
  readonly #log: Logger
  readonly #startedAt: number
  #broken = false

  constructor({ file, header, clock, log }: { file: string; header: TapeHeader; clock: Clock; log: Logger }) {
    this.#clock = clock
    this.#log = log
    this.#startedAt = clock.now()
    this.#stream = createWriteStream(file, { mode: 0o600 })
    this.#stream.on('error', () => this.#break('disk'))
    this.#write(header)
  }

  opened(wire: 'carrier' | 'engine'): void {
    this.#line({ t: this.#t, wire, kind: 'open' })
  }

  received(wire: 'carrier' | 'engine', data: string): void {
    this.#line({ t: this.#t, wire, kind: 'in', data: data.replace(SECRET, '$1***') })
  }

  sent(wire: 'carrier' | 'engine', data: string): void {
    this.#line({ t: this.#t, wire, kind: 'out', data })
  }

  closed(wire: 'carrier' | 'engine'): void {
    this.#line({ t: this.#t, wire, kind: 'close' })
  }

  end(reason: string): void {
    this.#line({ t: this.#t, kind: 'ended', reason })
    this.#stream.end()
  }

  async finished(): Promise<void> {
    if (this.#stream.closed) return
    await new Promise<void>((resolve) => this.#stream.once('close', () => resolve()).end())
  }

  /** Microseconds are enough. */
  get #t(): number {
    return Math.round((this.#clock.now() - this.#startedAt) * 1000) / 1000
  }

  #line(line: TapeLine): void {
    this.#write(line)
  }

  #write(line: TapeHeader | TapeLine): void {
    if (this.#broken || this.#stream.writableEnded) return
    if (this.#stream.writableLength > BACKLOG_LIMIT_BYTES) this.#break('slow')
    else this.#stream.write(`${JSON.stringify(line)}\n`)
  }

  #break(cause: 'disk' | 'slow'): void {
    if (this.#broken) return
    this.#broken = true
    this.#log.error(
      { event: 'tape.broken', cause },
      'A tape could not be written; the call goes on without it'
    )
  }
}
