import { parentPort, type Transferable, Worker } from 'node:worker_threads'
import PQueue from 'p-queue'

export interface SpeechThreadOptions {
  /** In error messages: "the voice". */
  readonly name: string
  /** The module that calls `serveRequests`. */
  readonly module: URL
  /** Handed to the module as `workerData`. */
  readonly data?: unknown
  /** A request that takes longer costs the thread its life. */
  readonly deadlineMs: number
  /** Requests that may wait behind the one that is worked on; more are refused. */
  readonly maxWaiting: number
}

type ThreadMessage<Answer> = { ready: true } | { answer: Answer } | { failure: string }

interface RunningThread {
  readonly worker: Worker
  /** Settles when it has loaded what it needs, or says what is wrong. */
  readonly ready: Promise<void>
}

/** Deaths in a row, without an answer in between, after which there is no use in another thread. */
const MAX_DEATHS = 2

/**
 * A worker thread that answers one request after the other.
 *
 * When the thread dies, the request that it worked on rejects, and the ones behind it go to another thread.
 */
export class SpeechThread<Request, Answer> {
  readonly #options: SpeechThreadOptions
  readonly #queue = new PQueue({ concurrency: 1 })
  readonly #closing = new AbortController()
  #thread: RunningThread | null = null
  #deaths = 0

  constructor(options: SpeechThreadOptions) {
    this.#options = options
  }

  /** Whether a request is being worked on. */
  get busy(): boolean {
    return this.#queue.pending + this.#queue.size > 0
  }

  /** Resolves when the thread has loaded what it needs; rejects with what it says is wrong. */
  async start(): Promise<void> {
    await this.#running().ready
  }

  /** Rejects when the thread fails at it or dies of it, when too many requests wait, or when closed. */
  async request(request: Request, transfer: readonly Transferable[] = []): Promise<Answer> {
    const { name, maxWaiting } = this.#options
    this.#closing.signal.throwIfAborted()
    if (this.#queue.size >= maxWaiting) throw new Error(`${name} has ${maxWaiting} requests waiting already`)
    return this.#queue.add(() => this.#ask(request, transfer), { signal: this.#closing.signal })
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error(`${this.#options.name} is closed`))
    await this.#thread?.worker.terminate()
  }

  async #ask(request: Request, transfer: readonly Transferable[]): Promise<Answer> {
    const { worker, ready } = this.#running()
    await ready
    const deadline = setTimeout(() => worker.terminate(), this.#options.deadlineMs)
    try {
      const answered = this.#nextMessage(worker)
      worker.postMessage(request, transfer)
      const message = await answered
      this.#deaths = 0
      if ('failure' in message) throw new Error(message.failure)
      if ('ready' in message) throw new Error(`${this.#options.name} answered out of turn`)
      return message.answer
    } finally {
      clearTimeout(deadline)
    }
  }

  #running(): RunningThread {
    this.#closing.signal.throwIfAborted()
    this.#thread ??= this.#spawn()
    return this.#thread
  }

  #spawn(): RunningThread {
    const { name, module, data } = this.#options
    if (this.#deaths >= MAX_DEATHS) throw new Error(`${name} died ${this.#deaths} times and stays dead`)
    // Options of the process, `--input-type` for one, are not meant for this module.
    const worker = new Worker(module, { workerData: data, name, execArgv: [] })
    // Whoever waits for an answer hears of a death; of one that nobody waits for, the exit is enough.
    worker.on('error', () => {})
    worker.once('exit', () => {
      this.#thread = null
      this.#deaths++
    })
    const ready = this.#nextMessage(worker).then((message) => {
      if ('failure' in message) throw new Error(message.failure)
    })
    // It is told to whoever asks for the thread.
    ready.catch(() => {})
    return { worker, ready }
  }

  /** The thread's next message; rejects when it has ended before. */
  #nextMessage(worker: Worker): Promise<ThreadMessage<Answer>> {
    return new Promise((resolve, reject) => {
      let cause: unknown
      const onMessage = (message: ThreadMessage<Answer>) => {
        worker.off('exit', onExit).off('error', onError)
        resolve(message)
      }
      const onError = (error: unknown) => {
        cause = error
      }
      const onExit = () => {
        worker.off('message', onMessage)
        const { signal } = this.#closing
        reject(signal.aborted ? signal.reason : new Error(`${this.#options.name} died`, { cause }))
      }
      worker.once('message', onMessage).once('error', onError).once('exit', onExit)
    })
  }
}

/** What a request is answered with, and the buffers of it that move to the asking thread. */
export interface ThreadAnswer<Answer> {
  readonly answer: Answer
  readonly transfer?: readonly Transferable[]
}

/**
 * Called by the thread's module. A failing `load` refuses the start; an error that `handle` throws goes to whoever
 * asked. A trap of a WebAssembly program leaves its memory in an unknown state: it ends the thread.
 */
export async function serveRequests<Request, Answer>(
  load: () => Promise<(request: Request) => ThreadAnswer<Answer>>
): Promise<void> {
  const port = parentPort
  if (!port) throw new Error('serveRequests is for worker threads')
  const send = (message: ThreadMessage<Answer>, transfer: readonly Transferable[] = []) =>
    port.postMessage(message, transfer)
  try {
    const handle = await load()
    port.on('message', (request: Request) => {
      try {
        const { answer, transfer } = handle(request)
        send({ answer }, transfer)
      } catch (error) {
        if (error instanceof WebAssembly.RuntimeError) throw error
        send({ failure: errorMessage(error) })
      }
    })
    send({ ready: true })
  } catch (error) {
    send({ failure: errorMessage(error) })
  }
}

function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
