import { once } from 'node:events'
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

/**
 * A worker thread that answers one request after the other.
 *
 * When the thread dies, the request that it worked on rejects, and the ones behind it go to a second thread. A thread
 * that dies before it has answered anything is not replaced: what killed it would kill the next one too.
 */
export class SpeechThread<Request, Answer> {
  readonly #options: SpeechThreadOptions
  readonly #queue = new PQueue({ concurrency: 1 })
  readonly #closing = new AbortController()
  #worker: Promise<Worker> | null = null
  #replaceable = true

  constructor(options: SpeechThreadOptions) {
    this.#options = options
  }

  /** Resolves when the thread has loaded what it needs; rejects with what it says is wrong. */
  async start(): Promise<void> {
    await this.#running()
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
    const worker = await this.#worker?.catch(() => null)
    await worker?.terminate()
  }

  async #ask(request: Request, transfer: readonly Transferable[]): Promise<Answer> {
    const worker = await this.#running()
    const deadline = setTimeout(() => worker.terminate(), this.#options.deadlineMs)
    try {
      const answered = this.#next(worker)
      worker.postMessage(request, transfer)
      const message = await answered
      this.#replaceable = true
      if ('failure' in message) throw new Error(message.failure)
      if ('ready' in message) throw new Error(`${this.#options.name} answered out of turn`)
      return message.answer
    } finally {
      clearTimeout(deadline)
    }
  }

  #running(): Promise<Worker> {
    this.#closing.signal.throwIfAborted()
    this.#worker ??= this.#spawn()
    return this.#worker
  }

  async #spawn(): Promise<Worker> {
    const { name, module, data } = this.#options
    if (!this.#replaceable) throw new Error(`${name} died twice and was not started again`)
    this.#replaceable = false
    const worker = new Worker(module, { workerData: data, name })
    // The next message or the exit tells whoever waits; this listener is for a thread that dies while it is idle.
    worker.on('error', () => {})
    worker.once('exit', () => {
      this.#worker = null
    })
    const message = await this.#next(worker)
    if ('failure' in message) {
      await worker.terminate()
      throw new Error(message.failure)
    }
    return worker
  }

  /** The thread's next message; rejects when it dies or is closed before. */
  async #next(worker: Worker): Promise<ThreadMessage<Answer>> {
    const settled = new AbortController()
    const died = once(worker, 'exit', { signal: settled.signal }).then(() => {
      throw new Error(`${this.#options.name} died`)
    })
    try {
      const [message] = await Promise.race([once(worker, 'message', { signal: settled.signal }), died])
      return message as ThreadMessage<Answer>
    } finally {
      died.catch(() => {})
      settled.abort()
    }
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
