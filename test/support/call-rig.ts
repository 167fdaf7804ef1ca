import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type RunningServer, startServer } from '../../server.ts'
import { loadConfig } from '../../services/config.ts'
import { createLogger } from '../../services/logger.ts'
import {
  type DeepgramStandIn,
  type DeepgramStandInOptions,
  startDeepgramStandIn
} from '../standins/deepgram/deepgram-standin.ts'
import {
  type RealtimeStandIn,
  type RealtimeStandInOptions,
  startRealtimeStandIn
} from '../standins/openai/realtime-stand-in.ts'
import { TelnyxStandIn, type TelnyxStandInOptions } from '../standins/telnyx/telnyx-standin.ts'
import { TwilioStandIn, type TwilioStandInOptions } from '../standins/twilio/twilio-standin.ts'
import { freePort } from './free-port.ts'

export interface CallRigOptions {
  readonly env?: Record<string, string>
  readonly telnyx?: TelnyxStandInOptions
  readonly twilio?: TwilioStandInOptions
  readonly realtime?: RealtimeStandInOptions
  /** Its key is given to the server only where it is asked for. */
  readonly deepgram?: DeepgramStandInOptions
}

export interface CallRig {
  readonly server: RunningServer
  readonly telnyx: TelnyxStandIn
  readonly twilio: TwilioStandIn
  readonly realtime: RealtimeStandIn
  readonly deepgram: DeepgramStandIn
  /** The server's DATA_DIR. */
  readonly dataDir: string
  /** The server's log, one object a line. */
  readonly log: Record<string, unknown>[]
  /** Rows of the server's own database. */
  query(text: string, values?: unknown[]): Promise<Record<string, unknown>[]>
  /** The first non-empty result, asked again until it is there. */
  eventually(text: string, values?: unknown[]): Promise<Record<string, unknown>[]>
  close(): Promise<void>
}

const EVENTUALLY_MS = 20_000

/**
 * The product as it runs: the real server between the stand-ins of the carriers and OpenAI Realtime, on loopback sockets,
 * with a database of its own.
 */
export async function startCallRig(options: CallRigOptions = {}): Promise<CallRig> {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'offhook-rig-'))
  const telnyx = new TelnyxStandIn(options.telnyx)
  const twilio = new TwilioStandIn(options.twilio)
  await Promise.all([telnyx.listen(), twilio.listen()])
  const realtime = await startRealtimeStandIn(options.realtime)
  const deepgram = await startDeepgramStandIn(options.deepgram)
  const log: Record<string, unknown>[] = []
  const logger = createLogger({
    level: options.env?.LOG_LEVEL ?? 'debug',
    pretty: false,
    destination: { write: (line: string) => log.push(JSON.parse(line)) }
  })
  const port = await freePort()
  const config = loadConfig({
    PORT: String(port),
    HOST: '127.0.0.1',
    SERVER_URL: `http://127.0.0.1:${port}`,
    DATA_DIR: dataDir,
    TELNYX_API_KEY: telnyx.apiKey,
    TELNYX_PUBLIC_KEY: telnyx.publicKey,
    TELNYX_APPLICATION_ID: telnyx.applicationId,
    TELNYX_BASE_URL: telnyx.baseUrl,
    TWILIO_ACCOUNT_SID: twilio.accountSid,
    TWILIO_AUTH_TOKEN: twilio.authToken,
    TWILIO_BASE_URL: twilio.baseUrl,
    OPENAI_API_KEY: realtime.apiKey,
    OPENAI_BASE_URL: realtime.url,
    ...(options.deepgram && { DEEPGRAM_API_KEY: deepgram.apiKey, DEEPGRAM_BASE_URL: deepgram.url }),
    OPERATOR_TOKEN: 'operator-token-of-the-tests',
    DRAIN_SECONDS: '0',
    ...options.env
  })
  const server = await startServer(config, logger)
  telnyx.webhookUrl = `${server.url}/api/calls/telnyx/webhook`
  // Twilio signs the address that it was given, so it must be the public one to the letter.
  const publicUrl = config.publicUrl?.origin
  twilio.voiceUrl = `${publicUrl}/api/calls/twilio/voice`
  twilio.statusUrl = `${publicUrl}/api/calls/twilio/status`

  const query: CallRig['query'] = async (text, values) =>
    (await server.database.pool.query(text, values)).rows
  async function eventually(text: string, values?: unknown[]): Promise<Record<string, unknown>[]> {
    const deadline = Date.now() + EVENTUALLY_MS
    for (;;) {
      // Before the migrations have run there are no tables.
      const rows = await query(text, values).catch(() => [])
      if (rows.length > 0) return rows
      if (Date.now() > deadline) throw new Error(`Nothing came of: ${text}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  async function close(): Promise<void> {
    await server.stop()
    await Promise.all([telnyx.close(), twilio.close()])
    await Promise.all([realtime.close(), deepgram.close()])
    await rm(dataDir, { recursive: true, force: true })
  }

  // Calls out are counted in the database: it has to be there.
  await eventually("select 1 from agents where id = 'default'")
  return { server, telnyx, twilio, realtime, deepgram, dataDir, log, query, eventually, close }
}
