import type { Logger } from 'pino'
import type { AudioFormat } from '../../audio/format.ts'
import type { AgentEngine } from '../../sessions/contracts/agent-engine.ts'
import type { AgentProfile, ToolSpec } from '../../sessions/contracts/agent-profile.ts'
import type { Clock } from '../../sessions/contracts/clock.ts'
import type { Config } from '../config.ts'
import { createLocalEngines, type LocalEngines } from './local/local-engine-factory.ts'
import { RealtimeEngine } from './realtime/realtime-engine.ts'

export interface Engines {
  create(profile: AgentProfile, format: AudioFormat, tools: readonly ToolSpec[]): AgentEngine
  close(): Promise<void>
}

/** Makes the engine of each call: the agent's own choice, or the configured default. */
export async function createEngines(config: Config, deps: { clock: Clock; log: Logger }): Promise<Engines> {
  const local = await createLocalEngines({
    dialoguePath: config.dialoguePath,
    clock: deps.clock,
    log: deps.log,
    idle: config.engine !== 'local'
  })

  function create(profile: AgentProfile, format: AudioFormat, tools: readonly ToolSpec[]): AgentEngine {
    const name = profile.engine ?? config.engine
    if (name === 'realtime' && config.openai)
      return createRealtime(config.openai, profile, format, tools, deps)
    return local.create(profile, format, tools)
  }

  return { create, close: () => local.close() }
}

function createRealtime(
  openai: NonNullable<Config['openai']>,
  profile: AgentProfile,
  format: AudioFormat,
  tools: readonly ToolSpec[],
  { clock, log }: { clock: Clock; log: Logger }
): AgentEngine {
  return new RealtimeEngine({
    apiKey: openai.apiKey,
    baseUrl: openai.baseUrl,
    model: openai.realtimeModel,
    voice: profile.voice ?? openai.voice,
    audio: openai.audio,
    profile,
    tools,
    format,
    clock,
    log
  })
}

export type { LocalEngines }
