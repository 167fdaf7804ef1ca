import { readFileSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { freePort } from '../test/support/free-port.ts'
import type { FrontAddress } from './load/front.ts'
import { type BenchProcess, startProcess } from './processes.ts'
import type { ServerQuestions } from './server-under-test.ts'

/** The relays have a core of their own; what calls them has the other. */
export const RELAY_CORE = 0
export const LOAD_CORE = 1
/** Of what takes the times: on its one core, V8's other threads would only hold it up, and a full collection would be in the figures. */
export const METER_FLAGS = [
  '--min-semi-space-size=32',
  '--max-semi-space-size=32',
  '--initial-old-space-size=2048',
  '--no-parallel-scavenge'
]

const { scripts } = JSON.parse(readFileSync(path.join(import.meta.dirname, '..', 'package.json'), 'utf8'))
/** Node's flags and variables, as `npm start` has them. */
const START_FLAGS: string[] = scripts.start.match(/--\S+/g) ?? []
const START_ENV = Object.fromEntries(
  (scripts.start.match(/[A-Z_]+=\S+/g) ?? []).map((pair: string) => pair.split(/=(.*)/))
)

const APPLICATION_ID = '1494404757140276705'

export interface Product extends BenchProcess<ServerQuestions> {
  /** Telnyx's. */
  readonly webhookUrl: string
  readonly twilio: { readonly voiceUrl: string; readonly statusUrl: string }
}

/** Starts the server, with a database of its own, between the carrier and the model at these addresses. */
export async function startProduct(
  front: Partial<FrontAddress>,
  options: { env?: Record<string, string>; flags?: string[] } = {}
): Promise<Product> {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'offhook-bench-'))
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const server = await startProcess<ServerQuestions>('server-under-test.ts', {
    core: RELAY_CORE,
    flags: [...START_FLAGS, ...(options.flags ?? [])],
    env: {
      ...START_ENV,
      PORT: String(port),
      HOST: '127.0.0.1',
      SERVER_URL: url,
      DATA_DIR: dataDir,
      TELNYX_API_KEY: 'KEY_STANDIN',
      TELNYX_PUBLIC_KEY: front.telnyxPublicKey ?? '',
      TELNYX_APPLICATION_ID: APPLICATION_ID,
      TELNYX_BASE_URL: front.telnyxBaseUrl ?? '',
      TELNYX_L16_BYTE_ORDER: 'le',
      OPENAI_API_KEY: 'sk-stand-in',
      OPENAI_BASE_URL: front.openAiBaseUrl ?? '',
      OPERATOR_TOKEN: 'operator-token-of-the-benchmark',
      MAX_CONCURRENT_CALLS: '1000',
      DRAIN_SECONDS: '0',
      ...options.env
    }
  })

  const calls = `${url}/api/calls`
  const twilio = { voiceUrl: `${calls}/twilio/voice`, statusUrl: `${calls}/twilio/status` }
  return { ...server, webhookUrl: `${calls}/telnyx/webhook`, twilio }
}
