import { parseArgs } from 'node:util'
import type { AudioFormat, SampleRate } from '../../audio/format.ts'
import { UsageError } from './phone-error.ts'

export type Codec = 'PCMU' | 'PCMA' | 'L16'

/** One thing that the caller does before listening to a reply. */
export type TurnRequest =
  | { readonly kind: 'say'; readonly text: string }
  | { readonly kind: 'wav'; readonly path: string }
  | { readonly kind: 'dial'; readonly digits: string }

export interface PhoneOptions {
  readonly server: URL
  /** null: to be found in the environment or in the server's data folder. */
  readonly token: string | null
  readonly carrier: 'telnyx' | 'twilio'
  readonly codec: Codec
  readonly format: AudioFormat
  readonly agentId: string | null
  /** In the order of the command line, keys first. */
  readonly turns: readonly TurnRequest[]
  readonly bargeInMs: number | null
  readonly out: string | null
  readonly json: boolean
  readonly timeoutMs: number
  readonly help: boolean
}

export const USAGE = `Places one call to a running Offhook and talks to its agent.

  npm run call -- [options]

  --server URL          the server; default http://localhost:5001
  --token TOKEN         operator token; default: OPERATOR_TOKEN, from the environment or .env,
                        else the one that the server keeps under DATA_DIR
  --agent ID            the agent to call; default: the server's default agent
  --carrier NAME        telnyx or twilio: whose dialect the media socket speaks; default telnyx
  --codec NAME          PCMU, PCMA or L16; default PCMU, the only one of twilio
  --rate HZ             8000, 16000 or 24000; default 24000 for L16, else 8000
  --say TEXT            a sentence, spoken by the embedded voice; repeatable, one turn each
  --wav FILE            a recording to play as a turn, any rate and number of channels; repeatable
  --dtmf KEYS           keys to press after the greeting, a turn of its own: 0-9, *, #, A-D
  --barge-in-ms N       interrupts the reply to the first turn, N ms after it starts to be heard, with
                        the next turn ("wait, excuse me" where there is none)
  --out FILE            writes the call as a stereo WAV file: caller left, agent right
  --json                prints one JSON object at the end, and nothing else
  --timeout SECONDS     hangs up after this long; default 120
  --help                this text

Exits with 0 if the agent was heard, 1 if not, 2 if the command line is wrong.
`

const SPEC = {
  server: { type: 'string', default: 'http://localhost:5001' },
  token: { type: 'string' },
  agent: { type: 'string' },
  carrier: { type: 'string', default: 'telnyx' },
  codec: { type: 'string', default: 'PCMU' },
  rate: { type: 'string' },
  say: { type: 'string', multiple: true },
  wav: { type: 'string', multiple: true },
  dtmf: { type: 'string' },
  'barge-in-ms': { type: 'string' },
  out: { type: 'string' },
  json: { type: 'boolean', default: false },
  timeout: { type: 'string', default: '120' },
  help: { type: 'boolean', default: false }
} as const

export const VALUE_OPTIONS: readonly string[] = Object.entries(SPEC).flatMap(([name, { type }]) =>
  type === 'string' ? [name] : []
)

const DEFAULT_TURNS: readonly TurnRequest[] = [
  { kind: 'say', text: 'what are your opening hours' },
  { kind: 'say', text: 'goodbye' }
]
const INTERJECTION: TurnRequest = { kind: 'say', text: 'wait, excuse me' }

/** What the embedded voice takes at once. */
const MAX_SENTENCE_CHARACTERS = 600
const MAX_BARGE_IN_MS = 60_000
const MAX_TIMEOUT_SECONDS = 3600

/** @throws UsageError that names the option at fault and what was expected of it. */
export function parseOptions(args: readonly string[]): PhoneOptions {
  const { values, tokens } = parseCommandLine(args)
  const carrier = oneOf('--carrier', values.carrier, ['telnyx', 'twilio'])
  const codec = oneOf('--codec', values.codec, ['PCMU', 'PCMA', 'L16'])
  if (carrier === 'twilio' && codec !== 'PCMU') throw expected('--codec', 'PCMU with --carrier twilio', codec)
  const bargeInMs =
    values['barge-in-ms'] === undefined
      ? null
      : integer('--barge-in-ms', values['barge-in-ms'], 0, MAX_BARGE_IN_MS, 'milliseconds')
  return {
    server: serverUrl(values.server),
    token: values.token === undefined ? null : filled('--token', values.token, 'a token'),
    carrier,
    codec,
    format: formatOf(codec, values.rate),
    agentId: values.agent === undefined ? null : filled('--agent', values.agent, "an agent's id"),
    turns: turnsOf(tokens, values.dtmf, bargeInMs !== null),
    bargeInMs,
    out: values.out === undefined ? null : filled('--out', values.out, 'the path of a WAV file'),
    json: values.json,
    timeoutMs: integer('--timeout', values.timeout, 1, MAX_TIMEOUT_SECONDS, 'seconds') * 1000,
    help: values.help
  }
}

function parseCommandLine(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: SPEC, strict: true, tokens: true })
  } catch (error) {
    // Node's messages name the option and say what is wrong with it.
    const message = error instanceof Error ? error.message : String(error)
    throw new UsageError(`${message.split('. ')[0].replace(/\.$/, '')}.`)
  }
}

type Tokens = ReturnType<typeof parseCommandLine>['tokens']

function turnsOf(tokens: Tokens, dtmf: string | undefined, bargeIn: boolean): TurnRequest[] {
  const turns: TurnRequest[] = []
  if (dtmf !== undefined) {
    if (!/^[0-9*#A-D]+$/i.test(dtmf)) throw expected('--dtmf', 'keys out of 0-9, *, # and A-D', dtmf)
    turns.push({ kind: 'dial', digits: dtmf.toUpperCase() })
  }
  for (const token of tokens) {
    if (token.kind !== 'option') continue
    if (token.name === 'say') turns.push({ kind: 'say', text: sentence(token.value ?? '') })
    if (token.name === 'wav') {
      turns.push({ kind: 'wav', path: filled('--wav', token.value ?? '', 'the path of a WAV file') })
    }
  }
  if (turns.length === 0) turns.push(...DEFAULT_TURNS)
  if (bargeIn && turns.length === 1) turns.push(INTERJECTION)
  return turns
}

function sentence(text: string): string {
  if (!/[\p{L}\p{N}]/u.test(text)) throw expected('--say', 'words to speak', text)
  if (text.length > MAX_SENTENCE_CHARACTERS) {
    throw new UsageError(
      `--say: expected at most ${MAX_SENTENCE_CHARACTERS} characters a turn, not ${text.length}.`
    )
  }
  return text
}

function formatOf(codec: Codec, rate: string | undefined): AudioFormat {
  if (codec === 'L16') {
    const sampleRate = Number(oneOf('--rate', rate ?? '24000', ['8000', '16000', '24000'])) as SampleRate
    return { encoding: 'pcm16', sampleRate }
  }
  if (rate !== undefined && rate !== '8000') throw expected('--rate', `8000 with --codec ${codec}`, rate)
  return { encoding: codec === 'PCMA' ? 'pcma' : 'pcmu', sampleRate: 8000 }
}

function serverUrl(value: string): URL {
  const url = URL.parse(value)
  if (!url || !['http:', 'https:'].includes(url.protocol)) {
    throw expected('--server', 'an address such as http://localhost:5001', value)
  }
  return url
}

function oneOf<Value extends string>(option: string, value: string, values: readonly Value[]): Value {
  const found = values.find((candidate) => candidate.toLowerCase() === value.toLowerCase())
  if (found === undefined) throw expected(option, values.join(', ').replace(/, ([^,]*)$/, ' or $1'), value)
  return found
}

function integer(option: string, value: string, least: number, most: number, unit: string): number {
  const number = Number(value)
  if (value.trim() === '' || !Number.isInteger(number) || number < least || number > most) {
    throw expected(option, `a whole number of ${unit} from ${least} to ${most}`, value)
  }
  return number
}

function filled(option: string, value: string, what: string): string {
  if (value.trim() === '') throw expected(option, what, value)
  return value
}

function expected(option: string, what: string, value: string): UsageError {
  return new UsageError(`${option}: expected ${what}, not ${value.trim() === '' ? 'nothing' : `"${value}"`}.`)
}
