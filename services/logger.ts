import { type DestinationStream, type Logger, pino } from 'pino'
import pretty from 'pino-pretty'

export interface LoggerOptions {
  readonly level: string
  /** Pretty lines for a person at a terminal; one JSON object a line otherwise. */
  readonly pretty: boolean
  /** stdout where missing. */
  readonly destination?: DestinationStream
}

/**
 * One JSON object a line on stdout: `level` as a word, `message`, `time`. On stdout only, since platforms take stderr
 * for errors. Secrets are kept out by not being logged; the redaction is a net beneath that.
 */
export function createLogger({ level, pretty: forPeople, destination }: LoggerOptions): Logger {
  const options = {
    // The configuration refuses a level that is none, and needs a log to say so in.
    level: level === 'silent' || Object.hasOwn(pino.levels.values, level) ? level : 'info',
    base: null,
    messageKey: 'message',
    formatters: { level: (label: string) => ({ level: label }) },
    redact: ['authorization', '*.authorization', '*.apiKey', '*.token', '*.password', 'req.headers']
  }
  if (!forPeople) return pino(options, destination ?? pino.destination({ dest: 1, sync: false }))
  const lines = pretty({
    messageKey: 'message',
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: 'event,callId,carrier,carrierCallId',
    messageFormat: '{message} {event}',
    destination: destination ?? 1,
    sync: true
  })
  return pino(options, lines)
}

/** The last digits of a phone number, the most of it that may be logged; null of none. */
export function numberTail(number: string | null): string | null {
  return number === null ? null : `…${number.slice(-4)}`
}
