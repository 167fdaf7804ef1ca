import { Value } from 'typebox/value'
import type { AudioFormat } from '../audio/format.ts'
import type { EngineName } from '../sessions/contracts/agent-engine.ts'
import { type Environment, environmentSchema } from './config-schema.ts'
import { parsePublicUrl } from './public-url.ts'
import { type RecordConfig, readRecordConfig } from './record-config.ts'

/** Every fault of the environment at once: names and expectations, never values. */
export class ConfigError extends Error {
  readonly faults: readonly string[]

  constructor(faults: readonly string[]) {
    super(
      `The configuration has ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`
    )
    this.name = 'ConfigError'
    this.faults = faults
  }
}

export interface Config {
  readonly port: number
  readonly host: string
  /** The public origin; null where none is set. */
  readonly publicUrl: URL | null
  readonly databaseUrl: string | null
  readonly dataDir: string
  readonly redisUrl: string | null
  /** null: one is made at start and printed once. */
  readonly operatorToken: string | null
  readonly trustProxy: boolean
  readonly streamTokenSecret: string | null
  readonly telnyx: TelnyxConfig | null
  readonly twilio: TwilioConfig | null
  readonly engine: EngineName
  readonly openai: OpenAiConfig | null
  /** null without the keys of both services. */
  readonly cascade: CascadeConfig | null
  readonly dialoguePath: string | null
  /** Ports of their own for WebSocket endpoints; null: off. */
  readonly monitorPorts: MonitorPorts
  readonly maxConcurrentCalls: number
  readonly maxCallMs: number
  readonly idleTimeoutMs: number
  /** ISO 3166 codes of the countries that may be called; null: the caller id's own. */
  readonly outboundCountries: readonly string[] | null
  readonly outboundMaxCallsPerDay: number
  readonly drainMs: number
  readonly logLevel: string
  readonly recordTapes: boolean
  readonly records: RecordConfig
  readonly usageRounding: Rounding
  /** null: prices.json in DATA_DIR, where there is one. */
  readonly pricesFile: string | null
  /** Variables that are set and have no effect in this version. */
  readonly unused: readonly string[]
}

/** Seconds that are billed whole: first at the answer, then one interval after the other. */
export interface Rounding {
  readonly firstSeconds: number
  readonly stepSeconds: number
}

export interface MonitorPorts {
  readonly callEvents: number | null
  readonly audioStream: number | null
  readonly frontendAudio: number | null
}

export interface TelnyxConfig {
  readonly apiKey: string
  readonly publicKey: string
  readonly applicationId: string | null
  readonly baseUrl: string | null
  readonly streamFormat: AudioFormat
  readonly l16ByteOrder: 'auto' | 'le' | 'be'
  readonly targetLegs: 'self' | 'both' | 'opposite'
  readonly track: 'inbound_track' | 'both_tracks'
  /** Another origin for the media socket. */
  readonly streamUrl: URL | null
  readonly noiseSuppression: 'both' | 'inbound' | 'outbound' | 'off'
}

export interface TwilioConfig {
  readonly accountSid: string
  /** Of the REST API, and the key of the signatures. */
  readonly authToken: string
  readonly baseUrl: string | null
}

export interface OpenAiConfig {
  readonly apiKey: string
  readonly baseUrl: string | null
  readonly realtimeModel: string
  readonly voice: string
  readonly audio: 'auto' | 'pcm'
}

export interface ServiceAccess {
  readonly apiKey: string
  /** null: the service's own. */
  readonly baseUrl: string | null
}

export interface CascadeConfig {
  readonly deepgram: ServiceAccess
  readonly openai: ServiceAccess
  /** Chat models in the order in which they are tried. */
  readonly models: readonly (ServiceAccess & { readonly model: string })[]
  /** null: by the agent's language. */
  readonly sttModel: string | null
  readonly ttsProvider: 'deepgram' | 'openai'
  /** null: by the agent's language. */
  readonly ttsModel: string | null
  readonly openaiTtsModel: string
  readonly openaiVoice: string
}

const UNUSED: readonly (keyof Environment)[] = []

/**
 * Turns an environment into a frozen Config. An empty variable counts as not set.
 * @throws ConfigError that lists every fault by name and expectation.
 */
export function loadConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const faults: string[] = []
  const env = readEnvironment(environment, faults)
  const publicUrl = readPublicUrl(env, faults)
  const telnyx = readTelnyx(env, publicUrl, faults)
  const twilio = readTwilio(env, publicUrl, faults)
  checkEngine(env, faults)
  const records = readRecordConfig(env, faults)
  if (env.REDIS_URL && !env.STREAM_TOKEN_SECRET)
    faults.push('STREAM_TOKEN_SECRET: expected a shared secret where REDIS_URL is set')
  if (faults.length > 0) throw new ConfigError(faults)
  return Object.freeze({
    port: env.PORT ?? 5001,
    host: env.HOST ?? '0.0.0.0',
    publicUrl,
    databaseUrl: env.DATABASE_URL ?? null,
    dataDir: env.DATA_DIR ?? './data',
    redisUrl: env.REDIS_URL ?? null,
    operatorToken: env.OPERATOR_TOKEN ?? null,
    trustProxy: env.TRUST_PROXY ? env.TRUST_PROXY === 'true' : env.RAILWAY_ENVIRONMENT !== undefined,
    streamTokenSecret: env.STREAM_TOKEN_SECRET ?? null,
    telnyx,
    twilio,
    engine: (env.AGENT_ENGINE ?? (env.OPENAI_API_KEY ? 'realtime' : 'local')) as EngineName,
    openai: readOpenAi(env),
    cascade: readCascade(env),
    dialoguePath: env.LOCAL_DIALOGUE ?? null,
    monitorPorts: {
      callEvents: env.WS_CALL_EVENTS_PORT ?? null,
      audioStream: env.WS_AUDIO_STREAM_PORT ?? null,
      frontendAudio: env.WS_FRONTEND_AUDIO_PORT ?? null
    },
    maxConcurrentCalls: env.MAX_CONCURRENT_CALLS ?? 100,
    maxCallMs: (env.MAX_CALL_SECONDS ?? 3600) * 1000,
    idleTimeoutMs: (env.IDLE_TIMEOUT_SECONDS ?? 30) * 1000,
    outboundCountries: readCountries(env),
    outboundMaxCallsPerDay: env.OUTBOUND_MAX_CALLS_PER_DAY ?? 100,
    drainMs: (env.DRAIN_SECONDS ?? 60) * 1000,
    logLevel: env.LOG_LEVEL ?? 'info',
    recordTapes: env.RECORD_TAPES === 'true',
    records,
    usageRounding: readRounding(env),
    pricesFile: env.PRICES_FILE ?? null,
    unused: UNUSED.filter((name) => env[name] !== undefined)
  })
}

function readEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
  faults: string[]
): Environment {
  const env: Record<string, unknown> = {}
  for (const [name, schema] of Object.entries(environmentSchema.properties)) {
    const value = environment[name]
    if (!value) continue
    env[name] = Value.Convert(schema, value)
    if (!Value.Check(schema, env[name]))
      faults.push(`${name}: expected ${(schema as { expected?: string }).expected}`)
  }
  return env as Environment
}

function readPublicUrl(env: Environment, faults: string[]): URL | null {
  const name = env.RAILWAY_PUBLIC_DOMAIN ? 'RAILWAY_PUBLIC_DOMAIN' : 'SERVER_URL'
  const value = env[name]
  if (value === undefined) return null
  const url = parsePublicUrl(value)
  if (!url) faults.push(`${name}: expected https://host or host; http:// only for a loopback host`)
  return url
}

function readTelnyx(env: Environment, publicUrl: URL | null, faults: string[]): TelnyxConfig | null {
  const streamUrl = env.TELNYX_STREAM_URL ? parsePublicUrl(env.TELNYX_STREAM_URL) : null
  if (env.TELNYX_STREAM_URL && !streamUrl)
    faults.push('TELNYX_STREAM_URL: expected wss://host or https://host')
  const codec = env.TELNYX_STREAM_CODEC ?? 'PCMU'
  const sampleRate = env.TELNYX_STREAM_SAMPLE_RATE ?? (codec === 'L16' ? 24000 : 8000)
  if (codec !== 'L16' && sampleRate !== 8000) {
    faults.push(`TELNYX_STREAM_SAMPLE_RATE: expected 8000 with TELNYX_STREAM_CODEC ${codec}`)
  }
  if (!env.TELNYX_API_KEY) {
    if (env.TELNYX_PUBLIC_KEY) faults.push('TELNYX_API_KEY: expected where TELNYX_PUBLIC_KEY is set')
    return null
  }
  requirePublicAddress(env, 'TELNYX_API_KEY', publicUrl, faults)
  if (!env.TELNYX_PUBLIC_KEY) {
    faults.push(
      "TELNYX_PUBLIC_KEY: expected where TELNYX_API_KEY is set: the base64 public key from Telnyx's portal"
    )
  }
  return {
    apiKey: env.TELNYX_API_KEY,
    publicKey: env.TELNYX_PUBLIC_KEY ?? '',
    applicationId: env.TELNYX_APPLICATION_ID ?? null,
    baseUrl: env.TELNYX_BASE_URL ?? null,
    streamFormat: streamFormat(codec, sampleRate),
    l16ByteOrder: (env.TELNYX_L16_BYTE_ORDER ?? 'auto') as TelnyxConfig['l16ByteOrder'],
    targetLegs: (env.TELNYX_STREAM_TARGET_LEGS ?? 'self') as TelnyxConfig['targetLegs'],
    track: (env.TELNYX_STREAM_TRACK ?? 'inbound_track') as TelnyxConfig['track'],
    streamUrl,
    noiseSuppression: (env.NOISE_SUPPRESSION ?? 'both') as TelnyxConfig['noiseSuppression']
  }
}

/** `PCMU`, `PCMA` or `L16` and a rate in Hz, as carriers name them. */
export function streamFormat(codec: string, sampleRate: number): AudioFormat {
  if (codec === 'L16') return { encoding: 'pcm16', sampleRate: sampleRate as AudioFormat['sampleRate'] }
  return { encoding: codec === 'PCMA' ? 'pcma' : 'pcmu', sampleRate: 8000 }
}

function requirePublicAddress(env: Environment, key: string, publicUrl: URL | null, faults: string[]): void {
  if (publicUrl || env.RAILWAY_PUBLIC_DOMAIN || env.SERVER_URL) return
  faults.push(
    `RAILWAY_PUBLIC_DOMAIN or SERVER_URL: expected the public address, https://host, where ${key} is set`
  )
}

function readTwilio(env: Environment, publicUrl: URL | null, faults: string[]): TwilioConfig | null {
  const { TWILIO_ACCOUNT_SID: accountSid, TWILIO_AUTH_TOKEN: authToken } = env
  if (!accountSid && !authToken) return null
  if (!accountSid) faults.push('TWILIO_ACCOUNT_SID: expected where TWILIO_AUTH_TOKEN is set')
  if (!authToken) faults.push('TWILIO_AUTH_TOKEN: expected where TWILIO_ACCOUNT_SID is set')
  requirePublicAddress(env, 'TWILIO_ACCOUNT_SID', publicUrl, faults)
  return {
    accountSid: accountSid ?? '',
    authToken: authToken ?? '',
    baseUrl: env.TWILIO_BASE_URL ?? null
  }
}

function readCountries({ OUTBOUND_COUNTRIES }: Environment): string[] | null {
  return OUTBOUND_COUNTRIES?.split(',').map((code) => code.trim().toUpperCase()) ?? null
}

function readRounding({ USAGE_ROUNDING = '60/60' }: Environment): Rounding {
  const [firstSeconds = 60, stepSeconds = 60] = USAGE_ROUNDING.split('/').map(Number)
  return { firstSeconds, stepSeconds }
}

function checkEngine(env: Environment, faults: string[]): void {
  if (env.AGENT_ENGINE === 'realtime' && !env.OPENAI_API_KEY) {
    faults.push('OPENAI_API_KEY: expected where AGENT_ENGINE is realtime')
  }
  if (env.AGENT_ENGINE === 'cascade') {
    for (const name of ['OPENAI_API_KEY', 'DEEPGRAM_API_KEY'] as const) {
      if (!env[name]) faults.push(`${name}: expected where AGENT_ENGINE is cascade`)
    }
  }
}

function readOpenAi(env: Environment): OpenAiConfig | null {
  if (!env.OPENAI_API_KEY) return null
  return {
    apiKey: env.OPENAI_API_KEY,
    baseUrl: env.OPENAI_BASE_URL ?? null,
    realtimeModel: env.OPENAI_REALTIME_MODEL ?? 'gpt-realtime-2.1',
    voice: env.OPENAI_VOICE ?? 'marin',
    audio: (env.OPENAI_AUDIO ?? 'auto') as OpenAiConfig['audio']
  }
}

function readCascade(env: Environment): CascadeConfig | null {
  if (!env.OPENAI_API_KEY || !env.DEEPGRAM_API_KEY) return null
  const openai = { apiKey: env.OPENAI_API_KEY, baseUrl: env.OPENAI_BASE_URL ?? null }
  const second = {
    apiKey: env.OPENAI_LLM_FALLBACK_API_KEY ?? openai.apiKey,
    baseUrl: env.OPENAI_LLM_FALLBACK_BASE_URL ?? openai.baseUrl,
    model: env.OPENAI_LLM_FALLBACK_MODEL ?? 'gpt-4.1-mini'
  }
  return {
    deepgram: { apiKey: env.DEEPGRAM_API_KEY, baseUrl: env.DEEPGRAM_BASE_URL ?? null },
    openai,
    models: [{ ...openai, model: env.OPENAI_LLM_MODEL ?? 'gpt-5.4-mini' }, second],
    sttModel: env.DEEPGRAM_STT_MODEL ?? null,
    ttsProvider: (env.CASCADE_TTS ?? 'deepgram') as CascadeConfig['ttsProvider'],
    ttsModel: env.DEEPGRAM_TTS_MODEL ?? null,
    openaiTtsModel: env.OPENAI_TTS_MODEL ?? 'gpt-4o-mini-tts',
    openaiVoice: env.OPENAI_VOICE ?? 'marin'
  }
}
