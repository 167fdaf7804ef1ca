import { pino } from 'pino'
import { PCMU_8K } from '../../audio/format.ts'
import { systemClock } from '../../services/clock.ts'
import type { CascadeConfig, Config } from '../../services/config.ts'
import { DEFAULT_AGENT } from '../../services/default-agent.ts'
import { CascadeFactory } from '../../services/engines/cascade/cascade-factory.ts'
import { ANSWER_DEADLINE_MS, type Check, type Finding, fault, ok, skipped } from './check.ts'
import { networkCode, unreachable } from './network.ts'

/** The key, and the connections that a call through the cascade opens, which cost nothing unspoken to. */
export const deepgram: Check = {
  name: 'Deepgram',
  async run({ config }) {
    const { cascade } = config
    if (!cascade) return [skipped(missing(config))]
    const key = await checkKey(cascade)
    if (key.status === 'fault') return [key]
    return [key, await openCall(cascade)]
  }
}

function missing({ openai }: Config): string {
  return openai ? 'DEEPGRAM_API_KEY is not set.' : 'The cascade needs OPENAI_API_KEY, too.'
}

async function checkKey({ deepgram: { apiKey, baseUrl } }: CascadeConfig): Promise<Finding> {
  const url = new URL('/v1/auth/token', baseUrl ?? 'https://api.deepgram.com')
  try {
    const response = await fetch(url, {
      headers: { authorization: `Token ${apiKey}` },
      signal: AbortSignal.timeout(ANSWER_DEADLINE_MS)
    })
    await response.body?.cancel()
    if (response.ok) return ok('DEEPGRAM_API_KEY is taken.')
    if (response.status === 401 || response.status === 403) {
      return fault(
        'DEEPGRAM_API_KEY is not taken.',
        'Make a new key at console.deepgram.com, or correct DEEPGRAM_BASE_URL.'
      )
    }
    return fault(
      `Deepgram's API does not answer as expected (${response.status}).`,
      'See status.deepgram.com, and DEEPGRAM_BASE_URL if it is set.'
    )
  } catch (error) {
    return unreachable("Deepgram's API", networkCode(error) ?? 'no answer')
  }
}

async function openCall(config: CascadeConfig): Promise<Finding> {
  const cascades = new CascadeFactory({ config, clock: systemClock, log: pino({ level: 'silent' }) })
  const engine = cascades.create({ profile: DEFAULT_AGENT, format: PCMU_8K, tools: [] })
  const troubles: string[] = []
  engine.on('trouble', ({ code }) => troubles.push(code))
  try {
    const startedAt = systemClock.now()
    await engine.connect(AbortSignal.timeout(ANSWER_DEADLINE_MS))
    if (troubles.length > 0) {
      return fault(
        `A call would use its second service at once (${troubles.join(', ')}).`,
        'Check DEEPGRAM_STT_MODEL and DEEPGRAM_TTS_MODEL, and that WebSockets may leave this machine.'
      )
    }
    return ok(`A call through the cascade opens in ${Math.round(systemClock.now() - startedAt)} ms.`)
  } catch (error) {
    const { detail, message } = error as { detail?: string | null; message?: string }
    return fault(`No call through the cascade opens (${detail ?? message}).`, 'See the finding above.')
  } finally {
    engine.close()
    await cascades.close()
  }
}
