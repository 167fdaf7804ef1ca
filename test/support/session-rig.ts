import { pino } from 'pino'
import type { AudioFormat } from '../../audio/format.ts'
import { DEFAULT_INTERRUPTION } from '../../services/default-agent.ts'
import { createCallEvents } from '../../sessions/call-events.ts'
import { CallSession } from '../../sessions/call-session.ts'
import type { AgentProfile } from '../../sessions/contracts/agent-profile.ts'
import type { CallEvent, CallIdentity } from '../../sessions/contracts/call-events.ts'
import type { Tool } from '../../sessions/contracts/tool.ts'
import { ToolRunner } from '../../sessions/tool-runner.ts'
import { ManualClock } from './manual-clock.ts'
import { ScriptedEngine } from './scripted-engine.ts'
import { VirtualCarrier } from './virtual-carrier.ts'

export const testProfile: AgentProfile = {
  id: 'default',
  name: 'Test agent',
  instructions: 'Be brief.',
  greeting: 'Hello.',
  voice: null,
  engine: null,
  language: 'en',
  maxCallSeconds: null,
  protectGoodbye: false,
  interruption: DEFAULT_INTERRUPTION,
  tools: [],
  fillerPhrases: [],
  transferTargets: [],
  endCallPhrases: [],
  silence: { afterSeconds: 0, reminders: 0, phrases: null },
  goodbyeMessage: null,
  patienceMs: 0,
  machineDetection: 'off',
  voicemailMessage: '',
  recordCalls: null,
  recordingConsent: '',
  recordingRetentionDays: null,
  webhookUrl: null,
  analysis: null
}

export const testCall: CallIdentity = {
  callId: '00000000-0000-4000-8000-000000000001',
  carrier: 'test',
  carrierCallId: '00000000-0000-4000-8000-000000000001',
  direction: 'inbound',
  from: '+15550001111',
  to: '+15550002222',
  agentId: 'default'
}

export interface RigOptions {
  delayMs?: number
  carrierFormat?: AudioFormat
  engine?: ScriptedEngine
  call?: Partial<CallIdentity>
  profile?: Partial<AgentProfile>
  tools?: readonly Tool[]
  hangUp?: () => Promise<void>
  reconnect?: () => Promise<void>
  maxCallMs?: number
}

/** A real CallSession between a scripted engine and a virtual carrier, under a manual clock. */
export function createRig(options: RigOptions = {}) {
  const clock = new ManualClock()
  const engine = options.engine ?? new ScriptedEngine()
  const carrier = new VirtualCarrier({ clock, delayMs: options.delayMs, format: options.carrierFormat })
  const published: CallEvent[] = []
  const faults: unknown[] = []
  const hangUps: number[] = []
  const events = createCallEvents({ now: () => clock.now(), onListenerError: (error) => faults.push(error) })
  events.subscribe(({ event }) => published.push(event))
  const session = new CallSession({
    call: { ...testCall, ...options.call },
    profile: { ...testProfile, ...options.profile },
    engine,
    tools: new ToolRunner({ tools: options.tools ?? [], clock }),
    events,
    clock,
    log: pino({ level: 'silent' }),
    maxCallMs: options.maxCallMs ?? 3_600_000,
    mediaDeadlineMs: 20_000,
    hangUp: async () => {
      hangUps.push(clock.now())
      await options.hangUp?.()
    },
    onAddedLatency: () => {},
    reconnect: options.reconnect ?? null
  })

  /** Events of one type, in order. */
  function of<T extends CallEvent['type']>(type: T): Extract<CallEvent, { type: T }>[] {
    return published.filter((event): event is Extract<CallEvent, { type: T }> => event.type === type)
  }

  /** Starts the session, connects the carrier and makes the engine ready. */
  async function connect(): Promise<void> {
    session.start()
    session.attachMedia(carrier)
    carrier.start()
    await engine.becomeReady()
    clock.advance(200)
  }

  return { clock, engine, carrier, session, published, faults, hangUps, of, connect }
}

/** Lets promises that are already settled run their continuations. */
export async function settle(): Promise<void> {
  for (let round = 0; round < 10; round++) await Promise.resolve()
}
