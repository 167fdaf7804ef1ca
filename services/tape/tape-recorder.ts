import { createWriteStream, type WriteStream } from 'node:fs'
import { access, constants, mkdir } from 'node:fs/promises'
import path from 'node:path'
import type { Logger } from 'pino'
import type { CallEvents, EndReason } from '../../sessions/contracts/call-events.ts'
import type {
  CallTape,
  TapedEngineSetup,
  TapedMediaSetup,
  TapeHeader,
  TapeLine,
  TapeWire,
  WireTape
} from '../../sessions/contracts/call-tape.ts'
import type { Clock } from '../../sessions/contracts/clock.ts'
import type { Tool } from '../../sessions/contracts/tool.ts'
import { ConfigError } from '../config.ts'
import { withoutSecrets } from '../tools/tool-secrets.ts'
import { TapeClock } from './tape-clock.ts'
import { tapedCommands } from './taped-commands.ts'
import { tapedTools } from './taped-tools.ts'

/** A disk that is this far behind is not waited for: the tape ends, the call goes on. */
const BACKLOG_LIMIT_BYTES = 8_000_000
/** Nor is it at the end, for longer than this. */
const FLUSH_MS = 5000
/** What carriers send back of our own secrets. */
const SECRET = /("(?:x-telnyx-streaming-auth-token|token|stream_auth_token)"\s*:\s*")[^"]*/g

export interface TapeRecorder {
  /** Starts the tape of a call: `<folder>/<callId>.jsonl`, one JSON object a line, the header first. */
  record(header: TapeHeader): CallTape
  /** Resolves when all tapes are on the disk, or after 5 s. */
  close(): Promise<void>
}

/**
 * Writes a tape of every call, off the media path: lines are handed to the stream of their file and forgotten.
 * @throws ConfigError where nothing can be written to `folder`.
 */
export async function createTapeRecorder(options: {
  folder: string
  clock: Clock
  events: CallEvents
  log: Logger
}): Promise<TapeRecorder> {
  const { clock, events, folder, log } = options
  await makeWritable(folder)
  const running = new Map<string, Tape>()
  const unfinished = new Set<Promise<void>>()
  const unsubscribe = events.subscribe(({ call, event }) => {
    if (event.type !== 'call.ended') return
    running.get(call.callId)?.end(event.reason)
    running.delete(call.callId)
  })

  return {
    record(header) {
      const { callId } = header.call
      const stream = createWriteStream(path.join(folder, `${callId}.jsonl`), { mode: 0o600 })
      const { profile } = header
      const bare = { ...header, profile: { ...profile, tools: withoutSecrets(profile.tools) } }
      const tape = new Tape({ stream, header: bare, clock, log: log.child({ callId }) })
      running.set(callId, tape)
      const finished = tape.finished.then(() => void unfinished.delete(finished))
      unfinished.add(finished)
      return tape
    },
    async close() {
      unsubscribe()
      for (const tape of running.values()) tape.cut()
      const deadline = Promise.withResolvers<void>()
      const cancel = clock.after(FLUSH_MS, deadline.resolve)
      await Promise.race([Promise.all(unfinished), deadline.promise])
      cancel()
    }
  }
}

/** Asked for and impossible is told at the start: a call that went wrong is not rung again for its tape. */
async function makeWritable(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true })
    await access(folder, constants.W_OK | constants.X_OK)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new ConfigError([`RECORD_TAPES: expected a folder that can be written at ${folder} (${code})`])
  }
}

class Tape implements CallTape {
  readonly clock: TapeClock
  readonly finished: Promise<void>
  readonly #stream: WriteStream
  readonly #log: Logger
  readonly #sockets: Record<TapeWire, number> = { carrier: 0, engine: 0 }
  #endedFromOutside = false
  #toolRuns = 0
  #over = false
  #broken = false

  constructor(options: { stream: WriteStream; header: TapeHeader; clock: Clock; log: Logger }) {
    this.clock = new TapeClock(options.clock)
    this.#stream = options.stream
    this.#log = options.log
    const closed = Promise.withResolvers<void>()
    this.finished = closed.promise
    this.#stream.on('error', () => this.#break('disk'))
    this.#stream.once('close', closed.resolve)
    this.#write(options.header)
  }

  engine(setup: TapedEngineSetup): void {
    this.#write({ t: this.#t, kind: 'engine', setup })
  }

  open(wire: TapeWire, media?: TapedMediaSetup): WireTape {
    this.#sockets[wire] += 1
    const socket = this.#sockets[wire]
    const at = socket > 1 ? { wire, socket } : { wire }
    // The engine's socket is our own doing.
    const when = wire === 'carrier' ? this.#step() : { t: this.#t }
    this.#write({ ...when, ...at, kind: 'open', ...(media && { media }) })
    return {
      received: (data, during) => this.#received(at, data, during),
      sent: (data) => this.#write({ t: this.#t, ...at, kind: 'out', data }),
      shut: () => this.#write({ t: this.#t, ...at, kind: 'shut' }),
      closed: (code) => this.#write({ ...this.#step(), ...at, kind: 'close', code }),
      pong: () => this.#write({ ...this.#step(), ...at, kind: 'pong' }),
      failed: (cause) => this.#write({ ...this.#step(), ...at, kind: 'failed', cause }),
      state: (state) => this.#write({ t: this.#t, ...at, kind: 'state', state })
    }
  }

  commands<T extends object>(session: T): T {
    return tapedCommands(session, {
      command: (name, args) => {
        const when = this.clock.held ? { t: this.#t } : this.#step()
        this.#write({ ...when, kind: 'command', name, args })
      },
      end: () => {
        this.#endedFromOutside = true
      }
    })
  }

  tools(tools: readonly Tool[]): Tool[] {
    const nextRun = () => {
      this.#toolRuns += 1
      return this.#toolRuns
    }
    const onDone = (run: number, output: string | null) =>
      this.#write({ ...this.#step(), kind: 'tool', run, output })
    return tapedTools(tools, nextRun, onDone)
  }

  /**
   * What the end itself sends is still recorded. An end that something on the tape brought about comes again with that,
   * also one that an operator asked for: it waits for the goodbye to be heard.
   */
  end(reason: EndReason): void {
    const outside = this.#endedFromOutside || !this.clock.held
    this.#write({ ...(outside ? this.#step() : { t: this.#t }), kind: 'ended', reason, outside })
    setImmediate(() => this.cut())
  }

  cut(): void {
    this.#over = true
    this.#stream.end()
  }

  #received(at: { wire: TapeWire; socket?: number }, data: string, during?: number): void {
    const when = during === undefined ? this.#step() : { t: this.#t, during }
    const text = at.wire === 'carrier' ? data.replace(SECRET, '$1***') : data
    this.#write({ ...when, ...at, kind: 'in', data: text })
  }

  #step(): { t: number; same?: true } {
    const { t, same } = this.clock.step()
    return same ? { t, same } : { t }
  }

  /** Of what is sent; what comes in has its instant to the bit. */
  get #t(): number {
    return Math.round(this.clock.elapsedMs * 1000) / 1000
  }

  #write(line: TapeHeader | TapeLine): void {
    if (this.#over) return
    if (this.#stream.writableLength > BACKLOG_LIMIT_BYTES) this.#break('slow')
    else this.#stream.write(`${JSON.stringify(line)}\n`)
  }

  #break(cause: 'disk' | 'slow'): void {
    if (this.#broken) return
    this.#broken = true
    this.#over = true
    this.#stream.destroy()
    const text = 'A tape could not be written; the call goes on without it'
    this.#log.error({ event: 'tape.broken', cause }, text)
  }
}
