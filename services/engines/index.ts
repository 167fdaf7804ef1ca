import { OpenAIRealtimeWS } from 'openai/realtime/ws'
import type { Logger } from 'pino'
import type { AudioFormat } from '../../audio/format.ts'
import type { AgentEngine, EngineName } from '../../sessions/contracts/agent-engine.ts'
import type { AgentProfile, ToolSpec } from '../../sessions/contracts/agent-profile.ts'
import type { CallTape } from '../../sessions/contracts/call-tape.ts'
import type { Clock } from '../../sessions/contracts/clock.ts'
import { type Config, ConfigError, type OpenAiConfig } from '../config.ts'
import { tapedEngine } from '../tape/taped-engine.ts'
import { tapeEngineSocket } from '../tape/taped-socket.ts'
import { CascadeEngine } from './cascade/cascade-engine.ts'
import { CascadeFactory } from './cascade/cascade-factory.ts'
import { failurePhrases } from './cascade/phrases.ts'
import { FailoverEngine, type FailoverEngineOptions, type Replacement } from './failover-engine.ts'
import { LastWords } from './last-words.ts'
import { createLocalEngines, type LocalEngines } from './local/local-engine-factory.ts'
import type { RealtimeDial } from './realtime/realtime-connection.ts'
import { RealtimeEngine } from './realtime/realtime-engine.ts'
import { realtimeRenewal, realtimeReplacement } from './realtime/realtime-replacement.ts'

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

/**
 * Makes the engine of each call: the agent's own choice, or the configured default.
 * Rejects with a ConfigError where LOCAL_DIALOGUE leads to no dialogue that can be used.
 */
export async function createEngines(config: Config, deps: { clock: Clock; log: Logger }): Promise<Engines> {
  const { clock, log } = deps
  const { dialoguePath } = config
  const idle = config.engine !== 'local'
  const local = await createLocalEngines({ dialoguePath, clock, log, idle }).catch((error: Error) => {
    throw dialoguePath === null ? error : new ConfigError([`LOCAL_DIALOGUE: ${error.message}`])
  })
  const cascades = config.cascade && new CascadeFactory({ config: config.cascade, clock, log })
  if (config.engine === 'cascade') cascades?.warm()
  const lastWords = new LastWords()

  function nameOf({ id, engine }: AgentProfile): EngineName {
    if (engine === null) return config.engine
    const missing = { realtime: !config.openai, cascade: !cascades, local: false }
    if (!missing[engine]) return engine
    const fields = { event: 'engine.not_configured', agentId: id, engine, instead: config.engine }
    log.warn(fields, 'An agent asks for an engine whose keys are not set; the default one answers')
    return config.engine
  }

  /** The next session, then the cascade where there are keys for it: whatever the first one spoke, they speak too. */
  function realtime(call: EngineCall, tape: CallTape | null, openai: OpenAiConfig): AgentEngine {
    const first = createRealtime(openai, call, deps, tape)
    const { apology, repeat } = failurePhrases(call.profile.language)
    const another = () => createRealtime(openai, call, deps, null)
    const replacements: Replacement[] = [realtimeReplacement(another, repeat)]
    if (cascades) {
      replacements.push({
        create: (past) => cascades.create({ ...call, format: first.inputFormat, past }),
        takeOver: (engine) => engine instanceof CascadeEngine && engine.takeOver(apology)
      })
    }
    const { audio, realtimeModel: model } = openai
    const setup = { model, voice: call.profile.voice ?? openai.voice, audio }
    tape?.engine({ ...setupOf(first, call.tools), realtime: setup })
    // What other engines say is on no wire of the tape.
    return survivor(first, replacements, { renewal: realtimeRenewal(another), onLost: () => tape?.cut() })
  }

  function survivor(
    first: AgentEngine,
    replacements: readonly Replacement[],
    more: Pick<FailoverEngineOptions, 'renewal' | 'onLost'> = {}
  ): AgentEngine {
    const speak = (text: string, format: AudioFormat) => lastWords.speak(text, format)
    return new FailoverEngine({ first, replacements, clock, lastWords: speak, ...more })
  }

  const create: Engines['create'] = (profile, format, tools, tape = null) => {
    const call = { profile, format, tools }
    const name = nameOf(profile)
    if (name === 'realtime' && config.openai) return realtime(call, tape, config.openai)
    const engine =
      name === 'cascade' && cascades
        ? survivor(cascades.create(call), [])
        : local.create(profile, format, tools)
    if (!tape) return engine
    tape.engine({ ...setupOf(engine, tools), realtime: null })
    return tapedEngine(engine, tape)
  }

  async function close(): Promise<void> {
    await Promise.all([cascades?.close(), lastWords.close(), local.close()])
  }

  return { create, close }
}

interface EngineCall {
  readonly profile: AgentProfile
  readonly format: AudioFormat
  readonly tools: readonly ToolSpec[]
}

function createRealtime(
  openai: OpenAiConfig,
  { profile, format, tools }: EngineCall,
  { clock, log }: { clock: Clock; log: Logger },
  tape: CallTape | null
): RealtimeEngine {
  return new RealtimeEngine({
    apiKey: openai.apiKey,
    baseUrl: openai.baseUrl,
    model: openai.realtimeModel,
    voice: profile.voice ?? openai.voice,
    audio: openai.audio,
    profile,
    tools,
    format,
    clock: tape?.clock ?? clock,
    log,
    ...(tape && { dial: tapedDial(tape) })
  })
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
