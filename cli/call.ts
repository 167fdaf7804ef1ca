import { access, constants, stat } from 'node:fs/promises'
import path from 'node:path'
import { styleText } from 'node:util'
import { systemClock } from '../services/clock.ts'
import { npmArguments } from './phone/npm-arguments.ts'
import { findOperatorToken } from './phone/operator-token.ts'
import { type PhoneOptions, parseOptions, USAGE, VALUE_OPTIONS } from './phone/options.ts'
import { phoneCall } from './phone/phone-call.ts'
import { PhoneError, UsageError } from './phone/phone-error.ts'
import { Progress, type ProgressLevel, type ProgressSink } from './phone/progress.ts'
import { type CallReport, reportText, transcriptOf } from './phone/report.ts'

const EXIT_FAILED = 1
const EXIT_USAGE = 2
const STYLES: Readonly<Record<ProgressLevel, 'bold' | 'cyan' | 'green' | 'dim'>> = {
  call: 'bold',
  caller: 'cyan',
  agent: 'green',
  note: 'dim'
}

/** Places the call that `args` describe, prints how it goes and went, and returns the exit code. */
async function main(args: readonly string[]): Promise<number> {
  try {
    const options = parseOptions(npmArguments(args, process.env, VALUE_OPTIONS))
    if (options.help) {
      process.stdout.write(USAGE)
      return 0
    }
    const report = await place(options)
    process.stdout.write(options.json ? `${JSON.stringify(asJson(report))}\n` : `\n${reportText(report)}`)
    return report.ok ? 0 : EXIT_FAILED
  } catch (error) {
    if (error instanceof UsageError) {
      process.stderr.write(`${error.message} See npm run call -- --help\n`)
      return EXIT_USAGE
    }
    process.stderr.write(`${error instanceof PhoneError ? error.message : describe(error)}\n`)
    return EXIT_FAILED
  }
}

async function place(options: PhoneOptions): Promise<CallReport> {
  const token = findOperatorToken({ given: options.token, env: process.env, cwd: process.cwd() })
  const out = options.out === null ? null : path.resolve(options.out)
  if (out !== null) await checkDestination(out)
  const hangUp = new AbortController()
  // The first Ctrl-C hangs up; after it, the next one ends the process as usual.
  process.once('SIGINT', () => hangUp.abort())
  return phoneCall({
    options: { ...options, out },
    token,
    clock: systemClock,
    progress: new Progress(options.json ? () => undefined : timeline()),
    signal: hangUp.signal
  })
}

/** Before the call, since a recording that can't be written is told too late. */
async function checkDestination(file: string): Promise<void> {
  const there = await stat(file).catch(() => null)
  if (there?.isDirectory())
    throw new UsageError(`--out: expected the path of a WAV file, not of the folder ${file}.`)
  const folder = path.dirname(file)
  await access(there ? file : folder, constants.W_OK).catch(() => {
    throw new UsageError(
      there
        ? `--out: expected a file that can be written, not ${file}.`
        : `--out: expected a file in a folder that can be written, not in ${folder}.`
    )
  })
}

/** One line an event, with the seconds since the start. */
function timeline(): ProgressSink {
  const startedAt = systemClock.now()
  return (level, text) => {
    const seconds = ((systemClock.now() - startedAt) / 1000).toFixed(2).padStart(7)
    const line = level === 'call' || level === 'note' ? text : `${`${level}:`.padEnd(8)}${text}`
    process.stdout.write(`${styleText('dim', `${seconds} s`)}  ${styleText(STYLES[level], line)}\n`)
  }
}

function asJson(report: CallReport): Record<string, unknown> {
  return { ...report, transcript: transcriptOf(report.turns) }
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

process.exitCode = await main(process.argv.slice(2))
