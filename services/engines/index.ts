import { OpenAIRealtimeWS } from 'openai/realtime/ws'
import type { Logger } from 'pino'
import type { AudioFormat } from '../../audio/format.ts'
import type { AgentEngine, EngineName } from '../../sessions/contracts/agent-engine.ts'
import type { AgentProfile, ToolSpec } from '../../sessions/contracts/agent-profile.ts'
import type { CallTape } from '../../sessions/contracts/call-tape.ts'
import type { Clock } from '../../sessions/contracts/clock.ts'
import type { Config } from '../config.ts'
import { tapedEngine } from '../tape/taped-engine.ts'
import { tapeEngineSocket } from '../tape/taped-socket.ts'
import { CascadeFactory } from './cascade/cascade-factory.ts'
import { createLocalEngines, type LocalEngines } from './local/local-engine-factory.ts'
import type { RealtimeDial } from './realtime/realtime-connection.ts'
import { RealtimeEngine } from './realtime/realtime-engine.ts'

export interface Engines {
  /** `tape`: records the engine: its socket, or where it has none its contract. */
  create(
    profile: AgentProfile,
    format: AudioFormat,
    tools: readonly ToolSpec[],
    tape?: CallTape | null
  ): AgentEngine
  close(): Promise<void>
}

/** Makes the engine of each call: the agent's own choice, or the configured default. */
export async function createEngines(config: Config, deps: { clock: Clock; log: Logger }): Promise<Engines> {
  const { clock, log } = deps
  const local = await createLocalEngines({
    dialoguePath: config.dialoguePath,
    clock,
    log,
    idle: config.engine !== 'local'
  })
  const cascades = config.cascade && new CascadeFactory({ config: config.cascade, clock, log })
  if (config.engine === 'cascade') cascades?.warm()

  function nameOf({ id, engine }: AgentProfile): EngineName {
    if (engine === null) return config.engine
    const missing = { realtime: !config.openai, cascade: !cascades, local: false }
    if (!missing[engine]) return engine
    const fields = { event: 'engine.not_configured', agentId: id, engine, instead: config.engine }
    log.warn(fields, 'An agent asks for an engine whose keys are not set; the default one answers')
    return config.engine
  }

  const create: Engines['create'] = (profile, format, tools, tape = null) => {
    const name = nameOf(profile)
    if (name === 'realtime' && config.openai)
      return createRealtime(config.openai, profile, format, tools, deps, tape)
    const engine =
      name === 'cascade' && cascades
        ? cascades.create({ profile, format, tools })
        : local.create(profile, format, tools)
    if (!tape) return engine
    tape.engine({ ...setupOf(engine, tools), realtime: null })
    return tapedEngine(engine, tape)
  }

  async function close(): Promise<void> {
    await cascades?.close()
    await local.close()
  }

  return { create, close }
}

function createRealtime(
  openai: NonNullable<Config['openai']>,
  profile: AgentProfile,
  format: AudioFormat,
  tools: readonly ToolSpec[],
  { clock, log }: { clock: Clock; log: Logger },
  tape: CallTape | null
): AgentEngine {
  const { audio, realtimeModel: model } = openai
  const voice = profile.voice ?? openai.voice
  const engine = new RealtimeEngine({
    apiKey: openai.apiKey,
    baseUrl: openai.baseUrl,
    model,
    voice,
    audio,
    profile,
    tools,
    format,
    clock: tape?.clock ?? clock,
    log,
    ...(tape && { dial: tapedDial(tape) })
  })
  tape?.engine({ ...setupOf(engine, tools), realtime: { model, voice, audio } })
  return engine
}

function setupOf(engine: AgentEngine, tools: readonly ToolSpec[]) {
  const { name, transcribesAll, inputFormat, outputFormat } = engine
  return { name, transcribesAll, inputFormat, outputFormat, tools }
}

export type { LocalEngines }

function tapedDial(tape: CallTape): RealtimeDial {
  return (...args) => {
    const realtime = new OpenAIRealtimeWS(...args)
    tapeEngineSocket(realtime.socket, tape)
    return realtime
  }
}
