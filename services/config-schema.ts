import { type Static, type TProperties, Type } from 'typebox'

const port = (expected: string) => Type.Integer({ minimum: 0, maximum: 65535, expected })
/** A day: far above what anybody means, and far below 24.8 days, after which Node's timers fire at once. */
const LONGEST_SECONDS = 86_400
const seconds = () =>
  Type.Number({
    exclusiveMinimum: 0,
    maximum: LONGEST_SECONDS,
    expected: `a number of seconds above 0, at most ${LONGEST_SECONDS}`
  })
const text = (expected: string) => Type.String({ minLength: 1, expected })
const url = (schemes: string, expected: string) =>
  Type.String({ pattern: `^(${schemes})://[^\\s]+$`, expected })
const postgresUrl = (expected: string) => url('postgres|postgresql', expected)
const redisUrl = (expected: string) => url('redis|rediss', expected)
/** Of an API; where it has WebSockets too, their address is made from this one. */
const httpUrl = (expected: string) => url('https|http', expected)
const flag = Type.Union([Type.Literal('true'), Type.Literal('false')], { expected: 'true or false' })
const oneOf = (...values: string[]) => Type.Enum(values, { expected: `one of ${values.join(', ')}` })
const portOff = port('a port number from 0 to 65535, or nothing')

/** Every variable that Offhook reads, as it stands in the environment; all of them may be missing. */
export const environmentSchema = Type.Partial(
  Type.Object({
    PORT: port('a port number from 0 to 65535'),
    HOST: text('an address to listen on, for example 0.0.0.0'),
    RAILWAY_PUBLIC_DOMAIN: text('https://host or host; http:// only for a loopback host'),
    SERVER_URL: text('https://host or host; http:// only for a loopback host'),
    DATABASE_URL: postgresUrl('postgres:// or postgresql://user:password@host:5432/database'),
    DATA_DIR: text('a folder'),
    REDIS_URL: redisUrl('redis://host:6379, or rediss://host:6379 with TLS'),
    OPERATOR_TOKEN: Type.String({ minLength: 16, expected: 'at least 16 characters' }),
    TRUST_PROXY: flag,
    RAILWAY_ENVIRONMENT: text('set by Railway'),
    STREAM_TOKEN_SECRET: Type.String({ minLength: 16, expected: 'at least 16 characters' }),
    TELNYX_API_KEY: text('a Telnyx API key'),
    TELNYX_PUBLIC_KEY: Type.String({
      pattern: '^[A-Za-z0-9+/]{43}=$',
      expected: "the base64 public key from Telnyx's portal (32 bytes)"
    }),
    TELNYX_APPLICATION_ID: text('the id of a Call Control application'),
    TELNYX_BASE_URL: httpUrl('https:// or http://host/v2'),
    TELNYX_STREAM_CODEC: oneOf('PCMU', 'PCMA', 'L16'),
    TELNYX_STREAM_SAMPLE_RATE: Type.Integer({ enum: [8000, 16000, 24000], expected: '8000, 16000 or 24000' }),
    TELNYX_L16_BYTE_ORDER: oneOf('auto', 'le', 'be'),
    TELNYX_STREAM_TARGET_LEGS: oneOf('self', 'both', 'opposite'),
    TELNYX_STREAM_TRACK: oneOf('inbound_track', 'both_tracks'),
    TELNYX_STREAM_URL: text('wss://host or https://host'),
    NOISE_SUPPRESSION: oneOf('both', 'inbound', 'outbound', 'off'),
    TWILIO_ACCOUNT_SID: Type.String({
      pattern: '^AC[0-9a-fA-F]{32}$',
      expected: 'AC and 32 hexadecimal digits'
    }),
    TWILIO_AUTH_TOKEN: text('a Twilio auth token'),
    TWILIO_BASE_URL: httpUrl('https:// or http://host'),
    AGENT_ENGINE: oneOf('realtime', 'cascade', 'local'),
    OPENAI_API_KEY: text('an OpenAI API key'),
    OPENAI_BASE_URL: httpUrl('https://host/v1, or http://host/v1 for a self-hosted server'),
    OPENAI_REALTIME_MODEL: text('a realtime model, for example gpt-realtime-2.1'),
    OPENAI_VOICE: text('a voice, for example marin'),
    OPENAI_AUDIO: oneOf('auto', 'pcm'),
    OPENAI_LLM_MODEL: text('a chat model, for example gpt-5.4-mini'),
    OPENAI_LLM_FALLBACK_MODEL: text('a chat model, for example gpt-4.1-mini'),
    OPENAI_LLM_FALLBACK_BASE_URL: httpUrl('https://host/v1, or http://host/v1 for a self-hosted server'),
    OPENAI_LLM_FALLBACK_API_KEY: text('the key of that server'),
    OPENAI_TTS_MODEL: text('a speech model, for example gpt-4o-mini-tts'),
    DEEPGRAM_API_KEY: text('a Deepgram API key'),
    DEEPGRAM_BASE_URL: httpUrl('https:// or http://host'),
    DEEPGRAM_STT_MODEL: Type.String({
      pattern: '^(flux|nova)-[a-z0-9-]+$',
      expected: 'a model of Deepgram: flux-general-en, flux-general-multi or nova-3'
    }),
    DEEPGRAM_TTS_MODEL: Type.String({
      pattern: '^aura-[a-z0-9-]+-[a-z]{2}$',
      expected: 'an Aura voice, for example aura-2-thalia-en'
    }),
    CASCADE_TTS: oneOf('deepgram', 'openai'),
    WS_CALL_EVENTS_PORT: portOff,
    WS_AUDIO_STREAM_PORT: portOff,
    WS_FRONTEND_AUDIO_PORT: portOff,
    MAX_CONCURRENT_CALLS: Type.Integer({ minimum: 1, expected: 'a whole number from 1' }),
    MAX_CALL_SECONDS: seconds(),
    IDLE_TIMEOUT_SECONDS: seconds(),
    DRAIN_SECONDS: Type.Number({
      minimum: 0,
      maximum: LONGEST_SECONDS,
      expected: `a number of seconds from 0 to ${LONGEST_SECONDS}`
    }),
    OUTBOUND_COUNTRIES: Type.String({
      pattern: '^ *[A-Za-z]{2}( *, *[A-Za-z]{2})* *$',
      expected: 'ISO 3166 country codes, for example US,CA'
    }),
    OUTBOUND_MAX_CALLS_PER_DAY: Type.Integer({ minimum: 0, expected: 'a whole number from 0' }),
    RECORD_CALLS: flag,
    RECORD_TAPES: flag,
    S3_BUCKET: text('the name of a bucket'),
    S3_ENDPOINT: httpUrl('https:// or http://host'),
    S3_REGION: text('a region, for example us-east-1'),
    S3_ACCESS_KEY_ID: text('the id of an access key'),
    S3_SECRET_ACCESS_KEY: text('the secret of the access key'),
    CALL_WEBHOOK_URL: httpUrl('https:// or http://host/path'),
    CALL_WEBHOOK_SECRET: Type.String({
      pattern: '^(whsec_)?([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$',
      expected: 'whsec_ and the base64 of 24 to 64 bytes'
    }),
    USAGE_ROUNDING: Type.String({
      pattern: '^ *[1-9]\\d{0,3} */ *[1-9]\\d{0,3} *$',
      expected: 'seconds of the first interval and of each further one, for example 60/60, 6/6 or 1/1'
    }),
    PRICES_FILE: text('the path of a price file'),
    LOG_LEVEL: oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
    LOCAL_DIALOGUE: text('the path of a dialogue file')
  } satisfies TProperties)
)

export type Environment = Static<typeof environmentSchema>

/** The names alone, for `.env.example`. */
export const environmentNames = Object.keys(environmentSchema.properties)
