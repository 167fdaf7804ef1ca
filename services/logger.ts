import { type DestinationStream, type Logger, pino } from 'pino'
import pretty from 'pino-pretty'

export interface LoggerOptions {
  readonly level: string
  /** Pretty lines for a person at a terminal; one JSON object a line otherwise. */
  readonly pretty: boolean
  /** stdout where missing. */
  readonly destination?: DestinationStream
}

/** Lines are written together: each write wakes another thread, which on one core is time that callers wait. */
const WRITE_BYTES = 4096
const WRITE_MS = 50

/** Takes lines for a file, by its path or descriptor; written within 50 ms, and what is left as the process ends. */
export function logFile(dest: string | number): DestinationStream {
  return pino.destination({ dest, sync: false, minLength: WRITE_BYTES, periodicFlush: WRITE_MS })
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
  if (!forPeople) return pino(options, destination ?? logFile(1))
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
