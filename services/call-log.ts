import type { Logger } from 'pino'
import { formatName } from '../audio/format.ts'
import type { CallEvent, CallEvents, PublishedCallEvent } from '../sessions/contracts/call-events.ts'
import { numberTail } from './logger.ts'
import { CallCosts } from './pricing/call-costs.ts'
import type { PriceBook } from './pricing/price-book.ts'

/** Reasons that the caller or the operator chose; any other end is worth a look. */
const ORDINARY_ENDS = new Set(['caller_hung_up', 'agent_hung_up', 'operator', 'transferred', 'draining'])

/** Leave no line: they are too many, or say what is not for a log. */
const UNLOGGED: ReadonlySet<CallEvent['type']> = new Set<CallEvent['type']>([
  'transcript',
  'usage',
  'call.heartbeat',
  'dtmf'
])

/**
 * Writes the log of every call from its events: static messages, numbers as numbers, and no audio, transcript, token
 * or full phone number at any level. Returns the function that stops it.
 */
export function logCalls(events: CallEvents, log: Logger, prices: PriceBook): () => void {
  const children = new Map<string, Logger>()
  // Subscribes first, so that a call's last cost is known when its end is logged.
  const costs = new CallCosts({ events, prices })

  /** Kept for the length of the call; what comes after its end makes a child of its own. */
  function logOf({ call, event }: PublishedCallEvent): Logger {
    const known = children.get(call.callId)
    if (known) return known
    const { callId, carrier, carrierCallId } = call
    const child = log.child({ callId, carrier, carrierCallId })
    if (event.type === 'call.initiated') children.set(callId, child)
    return child
  }

  function write(published: PublishedCallEvent): void {
    const { call, event } = published
    if (event.type !== 'call.ended') return writeLine(logOf(published), published)
    writeEnd(logOf(published), event, costs.costOf(call.callId))
    children.delete(call.callId)
  }

  const unsubscribe = events.subscribe(write, (type) => !UNLOGGED.has(type))
  return () => {
    unsubscribe()
    costs.close()
  }
}

function writeLine(log: Logger, { call, event }: PublishedCallEvent): void {
  switch (event.type) {
    case 'call.initiated':
      log.info(
        {
          event: event.type,
          direction: call.direction,
          agentId: call.agentId,
          callerTail: numberTail(call.from),
          calledTail: numberTail(call.to)
        },
        'Call initiated'
      )
      return
    case 'call.answered':
      log.info({ event: event.type }, 'Call answered')
      return
    case 'stream.requested':
      log.info(
        { event: event.type, streamUrl: event.streamUrl, ...event.parameters },
        'Starting media streaming'
      )
      return
    case 'stream.connected':
      log.info(
        {
          event: event.type,
          inboundFormat: formatName(event.inboundFormat),
          outboundFormat: formatName(event.outboundFormat)
        },
        'Media Streaming WebSocket connected'
      )
      return
    case 'session.ready':
      log.info(
        {
          event: event.type,
          engine: event.engine,
          connectMs: event.connectMs,
          inputFormat: formatName(event.inputFormat),
          outputFormat: formatName(event.outputFormat)
        },
        'Session initialized'
      )
      return
    default:
      writeMediaLine(log, event)
  }
}

const FIRST_AUDIO = {
  'audio.first_from_caller': 'First audio from the caller',
  'audio.first_to_engine': 'First audio to the engine',
  'audio.first_from_engine': 'First audio from the engine',
  'audio.first_to_caller': 'First audio to the caller'
} as const

function writeMediaLine(log: Logger, event: CallEvent): void {
  switch (event.type) {
    case 'audio.first_from_caller':
    case 'audio.first_to_engine':
    case 'audio.first_from_engine':
    case 'audio.first_to_caller':
      log.info({ event: event.type, afterMs: event.afterMs }, FIRST_AUDIO[event.type])
      return
    case 'turn.completed': {
      if (event.revised && !event.measuredLate) return
      const { turnIndex, interrupted, heardMs, latency } = event.turn
      log.info({ event: event.type, turnIndex, ...latency, heardMs, interrupted }, 'Turn completed')
      return
    }
    case 'turn.interrupted': {
      const { turnIndex, heardMs, saidMs } = event
      const clearMs = Math.round(event.clearMs * 1000) / 1000
      log.info({ event: event.type, turnIndex, heardMs, saidMs, clearMs }, 'Turn interrupted')
      return
    }
    case 'echo.suspected':
      log.info({ event: event.type, turnIndex: event.turnIndex }, 'Echo suspected')
      return
    case 'turn.resumed':
      log.info(
        { event: event.type, turnIndex: event.turnIndex, afterMs: Math.round(event.afterMs) },
        'Turn resumed'
      )
      return
    case 'transfer.completed':
      log.info(
        { event: event.type, toTail: numberTail(event.to), outcome: event.outcome },
        'Transfer completed'
      )
      return
    case 'operator.action':
      log.info({ event: event.type, action: event.action }, 'The operator acted on the call')
      return
    case 'tool.called':
      log[event.ok ? 'info' : 'warn'](
        { event: event.type, tool: event.tool, durationMs: event.durationMs, ok: event.ok, code: event.code },
        'Tool called'
      )
      return
    default:
      writeFaultLine(log, event)
  }
}

/** A service that stops by itself at a barge-in has mostly done so when our cancel comes. */
const EXPECTED_TROUBLE: ReadonlySet<string> = new Set(['response_cancel_not_active'])

function writeFaultLine(log: Logger, event: CallEvent): void {
  switch (event.type) {
    case 'media.malformed':
      log.warn({ event: event.type, cause: event.cause }, 'Malformed media frame skipped')
      return
    case 'engine.trouble':
      log[EXPECTED_TROUBLE.has(event.code) ? 'debug' : 'warn'](
        { event: event.type, code: event.code },
        'The engine reported an error and goes on'
      )
      return
    case 'engine.failed':
      log.error(
        { event: event.type, code: event.code, retryable: event.retryable, detail: event.detail },
        'The engine failed'
      )
      return
    case 'recording.started':
      log.info({ event: event.type, consent: event.consent }, 'Recording')
      return
    case 'recording.stopped':
      log[event.reason === 'refused' ? 'info' : 'error'](
        { event: event.type, reason: event.reason },
        'Recording stopped; the call goes on without it'
      )
      return
    case 'carrier.event':
      log.debug({ event: 'carrier.event', name: event.name, eventId: event.eventId }, 'Carrier event')
      return
    default:
  }
}

function writeEnd(
  log: Logger,
  event: Extract<CallEvent, { type: 'call.ended' }>,
  costUsd: number | null
): void {
  const { type, reason, detail = null, durationMs, turns, interruptions } = event
  const { p50ResponseMs, p95ResponseMs, answerToGreetingMs, deadAirMs } = event
  log[ORDINARY_ENDS.has(reason) ? 'info' : 'warn'](
    {
      event: type,
      reason,
      detail,
      durationMs,
      turns,
      interruptions,
      p50ResponseMs,
      p95ResponseMs,
      answerToGreetingMs,
      deadAirMs,
      costUsd
    },
    'Call ended'
  )
}
