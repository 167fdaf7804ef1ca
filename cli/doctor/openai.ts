import OpenAI from 'openai'
import { pino } from 'pino'
import { PCMU_8K } from '../../audio/format.ts'
import { systemClock } from '../../services/clock.ts'
import type { OpenAiConfig } from '../../services/config.ts'
import { DEFAULT_AGENT } from '../../services/default-agent.ts'
import { RealtimeEngine } from '../../services/engines/realtime/realtime-engine.ts'
import { ANSWER_DEADLINE_MS, type Check, type Finding, fault, ok, skipped } from './check.ts'
import { networkCode, unreachable } from './network.ts'

/** The key and the model: by the list of models, and by a session like that of a call, which costs nothing unspoken to. */
export const openAi: Check = {
  name: 'OpenAI',
  async run({ config }) {
    const { openai } = config
    if (!openai) return [skipped('OPENAI_API_KEY is not set.')]
    const models = await checkModels(openai)
    if (models.status === 'fault') return [models]
    return [models, await openSession(openai)]
  }
}

async function checkModels({ apiKey, baseUrl, realtimeModel }: OpenAiConfig): Promise<Finding> {
  try {
    const client = new OpenAI({
      apiKey,
      baseURL: baseUrl,
      timeout: ANSWER_DEADLINE_MS,
      maxRetries: 1,
      logLevel: 'off'
    })
    for await (const { id } of client.models.list()) {
      if (id === realtimeModel) return ok(`OPENAI_API_KEY is taken, and may use ${realtimeModel}.`)
    }
    return fault(
      `OPENAI_API_KEY may not use ${realtimeModel}.`,
      'Set OPENAI_REALTIME_MODEL to a realtime model of your account.'
    )
  } catch (error) {
    return explain(error)
  }
}

function explain(error: unknown): Finding {
  const code = networkCode(error)
  if (code) return unreachable("OpenAI's API", code)
  const status = error instanceof OpenAI.APIError ? error.status : undefined
  if (status === 401 || status === 403) {
    return fault(
      'OPENAI_API_KEY is not taken.',
      'Make a new key at platform.openai.com, or correct OPENAI_BASE_URL.'
    )
  }
  if (status === 404) return skipped('The server of OPENAI_BASE_URL lists no models.')
  if (status === 429) {
    return fault(
      'OPENAI_API_KEY is taken, but its account has no credit or is over its limits.',
      'See billing and limits at platform.openai.com.'
    )
  }
  return fault(
    `OpenAI's API does not answer as expected (${status ?? error}).`,
    'See status.openai.com, and OPENAI_BASE_URL if it is set.'
  )
}

async function openSession(openai: OpenAiConfig): Promise<Finding> {
  const { realtimeModel } = openai
  const engine = new RealtimeEngine({
    ...openai,
    model: realtimeModel,
    profile: DEFAULT_AGENT,
    tools: [],
    format: PCMU_8K,
    clock: systemClock,
    log: pino({ level: 'silent' })
  })
  try {
    const startedAt = systemClock.now()
    await engine.connect(AbortSignal.timeout(ANSWER_DEADLINE_MS))
    return ok(`A session with ${realtimeModel} opens in ${Math.round(systemClock.now() - startedAt)} ms.`)
  } catch (error) {
    const { detail, message } = error as { detail?: string | null; message?: string }
    return fault(
      `No session with ${realtimeModel} opens (${detail ?? message}).`,
      'Check OPENAI_REALTIME_MODEL, OPENAI_VOICE and OPENAI_BASE_URL, and that WebSockets may leave this machine.'
    )
  } finally {
    engine.close()
  }
}
