import { monitorEventLoopDelay } from 'node:perf_hooks'
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { CallEvent, CallEvents, PublishedCallEvent } from '../sessions/contracts/call-events.ts'
import type { Clock } from '../sessions/contracts/clock.ts'
import { systemClock } from './clock.ts'
import { createLoadHistory, type LoadSample } from './load-history.ts'

export interface MetricsOptions {
  readonly events: CallEvents
  readonly liveCalls: () => number
  /** Media messages of all calls since the start. */
  readonly frames: () => { in: number; out: number }
  /** Records of calls that wait to be stored, and how often the disk that they wait on has refused some. */
  readonly store: () => { pending: number; diskRefusals: number }
  /** Default: real time. */
  readonly clock?: Clock
}

export interface Metrics {
  readonly contentType: string
  /** The Prometheus text exposition format. */
  render(): Promise<string>
  refused(reason: string): void
  /** Inside the server: a frame in to the same frame out, in ms. */
  addedLatency(direction: 'inbound' | 'outbound', ms: number): void
  /** How busy this process was, the last hour at most, the oldest first. */
  load(): readonly LoadSample[]
  close(): void
}

const RESPONSE_BUCKETS = [0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1, 1.2, 1.5, 2, 3, 5, 8]
/** Bounds what is poured at a time: some 100 µs. */
const MOST_WAITING = 256
const FAST_BUCKETS = [0.0001, 0.00025, 0.0005, 0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.05, 0.1]

/** Events that something is counted of. */
const COUNTED: ReadonlySet<CallEvent['type']> = new Set<CallEvent['type']>([
  'call.ended',
  'turn.completed',
  'turn.interrupted',
  'media.malformed',
  'engine.trouble',
  'engine.failed'
])

/** How often the event loop is looked at; the histogram holds the distance between two looks, and so never less. */
const LOOP_RESOLUTION_MS = 10

export function createMetrics(options: MetricsOptions): Metrics {
  const registry = new Registry()
  const registers = [registry]
  const load = createLoadHistory({
    clock: systemClock,
    ...options,
    storePending: () => options.store().pending
  })
  const loop = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS })
  loop.enable()

  const calls = new Counter({
    name: 'offhook_calls_total',
    help: 'Calls that have ended',
    labelNames: ['carrier', 'direction', 'end_reason'],
    registers
  })
  const response = new Histogram({
    name: 'offhook_turn_response_seconds',
    help: "Caller's last speech to the first frame of the reply played",
    buckets: RESPONSE_BUCKETS,
    registers
  })
  const added = new Histogram({
    name: 'offhook_added_latency_seconds',
    help: 'Frame in to frame out inside the server',
    labelNames: ['direction'],
    buckets: FAST_BUCKETS,
    registers,
    collect() {
      addedBy.inbound.pour()
      addedBy.outbound.pour()
    }
  })
  const addedBy = {
    inbound: new WaitingSamples(added.labels('inbound')),
    outbound: new WaitingSamples(added.labels('outbound'))
  }
  const bargeIn = new Histogram({
    name: 'offhook_barge_in_seconds',
    help: "The engine's speech start to the clear sent to the carrier",
    buckets: FAST_BUCKETS,
    registers
  })
  const malformed = new Counter({
    name: 'offhook_malformed_frames_total',
    help: 'Media frames skipped',
    registers
  })
  const engineErrors = new Counter({
    name: 'offhook_engine_errors_total',
    help: 'Errors that engines reported',
    labelNames: ['code'],
    registers
  })
  const refused = new Counter({
    name: 'offhook_refused_total',
    help: 'Calls, sockets and webhooks refused',
    labelNames: ['reason'],
    registers
  })
  new Gauge({
    name: 'offhook_live_calls',
    help: 'Calls held by this process',
    registers,
    collect() {
      this.set(options.liveCalls())
    }
  })
  new Counter({
    name: 'offhook_media_frames_total',
    help: 'Media messages from and to callers',
    labelNames: ['direction'],
    registers,
    collect() {
      const frames = options.frames()
      this.reset()
      this.inc({ direction: 'inbound' }, frames.in)
      this.inc({ direction: 'outbound' }, frames.out)
    }
  })
  new Gauge({
    name: 'offhook_event_loop_delay_seconds',
    help: 'Event loop delay since the last scrape',
    labelNames: ['quantile'],
    registers,
    collect() {
      for (const quantile of [50, 99])
        this.set({ quantile: `0.${quantile}` }, loopDelay(loop.percentile(quantile)))
      loop.reset()
    }
  })
  new Gauge({
    name: 'offhook_store_pending',
    help: 'Records not yet in the database',
    registers,
    collect() {
      this.set(options.store().pending)
    }
  })

  new Counter({
    name: 'offhook_spool_refusals_total',
    help: 'Writes of records that the disk refused',
    registers,
    collect() {
      this.reset()
      this.inc(options.store().diskRefusals)
    }
  })

  function count({ call, event }: PublishedCallEvent): void {
    if (event.type === 'call.ended') {
      calls.inc({ carrier: call.carrier, direction: call.direction, end_reason: event.reason })
      if (event.reason === 'rejected_capacity' || event.reason === 'draining')
        refused.inc({ reason: event.reason })
    } else if (event.type === 'turn.completed' && (!event.revised || event.measuredLate)) {
      const { responseMs } = event.turn.latency
      if (responseMs !== null) response.observe(responseMs / 1000)
    } else if (event.type === 'turn.interrupted') bargeIn.observe(event.clearMs / 1000)
    else if (event.type === 'media.malformed') malformed.inc()
    else if (event.type === 'engine.trouble' || event.type === 'engine.failed')
      engineErrors.inc({ code: event.code })
  }

  const unsubscribe = options.events.subscribe(count, (type) => COUNTED.has(type))

  return {
    contentType: registry.contentType,
    render: () => registry.metrics(),
    refused: (reason) => refused.inc({ reason }),
    addedLatency: (direction, ms) => addedBy[direction].add(ms / 1000),
    load: load.samples,
    close() {
      load.close()
      unsubscribe()
      loop.disable()
      registry.clear()
    }
  }
}

/**
 * Samples of a frame's way, which must cost it nothing: they are noted here, and go into their histogram together, once
 * there are many or somebody asks.
 */
class WaitingSamples {
  readonly #histogram: { observe(value: number): void }
  readonly #values = new Float64Array(MOST_WAITING)
  #waiting = 0

  constructor(histogram: { observe(value: number): void }) {
    this.#histogram = histogram
  }

  add(value: number): void {
    this.#values[this.#waiting++] = value
    if (this.#waiting === MOST_WAITING) this.pour()
  }

  pour(): void {
    for (let index = 0; index < this.#waiting; index++) this.#histogram.observe(this.#values[index])
    this.#waiting = 0
  }
}

/** Seconds that the event loop was late, of nanoseconds between two looks at it. */
function loopDelay(distanceNs: number): number {
  return Math.max(0, distanceNs / 1e9 - LOOP_RESOLUTION_MS / 1000)
}
