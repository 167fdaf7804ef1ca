import type { Environment } from './config-schema.ts'
import type { BucketConfig } from './recording/recording-bucket.ts'

/** Secrets of Standard Webhooks: 24 to 64 random bytes in base64, with or without their prefix. */
const SECRET_BYTES = { min: 24, max: 64 }

export interface RecordConfig {
  /** Whether calls are recorded where their agent leaves it open. */
  readonly recordCalls: boolean
  /** Where recordings go after the call; null: they stay under DATA_DIR. */
  readonly bucket: BucketConfig | null
  /** null: no secret to sign webhooks with, so none are sent. */
  readonly webhook: WebhookConfig | null
  /** The chat model that looks back on calls; null without a key of OpenAI. */
  readonly analysis: AnalysisConfig | null
}

export interface WebhookConfig {
  /** For agents without one of their own. */
  readonly url: string | null
  readonly secret: string
}

export interface AnalysisConfig {
  readonly apiKey: string
  readonly baseUrl: string | null
  readonly model: string
}

/** The chat model where OPENAI_LLM_MODEL names none. */
const CHAT_MODEL = 'gpt-5.4-mini'

/** Adds what is wrong to `faults`. */
export function readRecordConfig(env: Environment, faults: string[]): RecordConfig {
  return {
    recordCalls: env.RECORD_CALLS === 'true',
    bucket: readBucket(env, faults),
    webhook: readWebhook(env, faults),
    analysis: env.OPENAI_API_KEY
      ? {
          apiKey: env.OPENAI_API_KEY,
          baseUrl: env.OPENAI_BASE_URL ?? null,
          model: env.OPENAI_LLM_MODEL ?? CHAT_MODEL
        }
      : null
  }
}

function readBucket(env: Environment, faults: string[]): BucketConfig | null {
  const { S3_BUCKET, S3_ENDPOINT, S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY } = env
  if (!S3_BUCKET) {
    for (const name of ['S3_ENDPOINT', 'S3_ACCESS_KEY_ID', 'S3_SECRET_ACCESS_KEY'] as const)
      if (env[name]) faults.push(`S3_BUCKET: expected where ${name} is set`)
    return null
  }
  if (S3_ACCESS_KEY_ID && !S3_SECRET_ACCESS_KEY)
    faults.push('S3_SECRET_ACCESS_KEY: expected where S3_ACCESS_KEY_ID is set')
  if (S3_SECRET_ACCESS_KEY && !S3_ACCESS_KEY_ID)
    faults.push('S3_ACCESS_KEY_ID: expected where S3_SECRET_ACCESS_KEY is set')
  return {
    bucket: S3_BUCKET,
    endpoint: S3_ENDPOINT ?? null,
    region: env.S3_REGION ?? 'us-east-1',
    credentials:
      S3_ACCESS_KEY_ID && S3_SECRET_ACCESS_KEY
        ? { accessKeyId: S3_ACCESS_KEY_ID, secretAccessKey: S3_SECRET_ACCESS_KEY }
        : null,
    prefix: 'recordings/'
  }
}

function readWebhook(env: Environment, faults: string[]): WebhookConfig | null {
  const { CALL_WEBHOOK_URL: url, CALL_WEBHOOK_SECRET: secret } = env
  if (!secret) {
    if (url) faults.push('CALL_WEBHOOK_SECRET: expected where CALL_WEBHOOK_URL is set')
    return null
  }
  const bytes = Buffer.from(secret.replace(/^whsec_/, ''), 'base64').byteLength
  if (bytes < SECRET_BYTES.min || bytes > SECRET_BYTES.max)
    faults.push(
      `CALL_WEBHOOK_SECRET: expected whsec_ and the base64 of ${SECRET_BYTES.min} to ${SECRET_BYTES.max} bytes`
    )
  return { url: url ?? null, secret }
}
