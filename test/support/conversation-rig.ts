import { pino } from 'pino'
import { createCallEvents } from '../../sessions/call-events.ts'
import { CallSession } from '../../sessions/call-session.ts'
import type { AgentEngine } from '../../sessions/contracts/agent-engine.ts'
import type { AgentProfile } from '../../sessions/contracts/agent-profile.ts'
import type { Tool } from '../../sessions/contracts/tool.ts'
import { ToolRunner } from '../../sessions/tool-runner.ts'
import type { ManualClock } from './manual-clock.ts'
import { testCall } from './session-rig.ts'
import type { VirtualCarrier } from './virtual-carrier.ts'

/** A call that lasts as long as it takes, begun between this carrier and engine. */
export function beginCall(options: {
  clock: ManualClock
  carrier: VirtualCarrier
  engine: AgentEngine
  profile: AgentProfile
  /** Takes what listeners of the call's events throw. */
  faults: string[]
  tools?: readonly Tool[]
  /** Asks for a stream in place of one that was lost. */
  reconnect?: () => Promise<void>
}): CallSession {
  const { clock, carrier, engine, faults, profile, tools = [], reconnect = null } = options
  const onListenerError = (error: unknown) => faults.push(String(error))
  const session = new CallSession({
    ...{ call: testCall, profile, engine, clock, log: pino({ level: 'silent' }) },
    tools: new ToolRunner({ tools, clock }),
    events: createCallEvents({ now: () => clock.now(), onListenerError }),
    maxCallMs: 3_600_000,
    mediaDeadlineMs: 20_000,
    hangUp: async () => undefined,
    onAddedLatency: () => undefined,
    reconnect
  })
  session.start()
  session.attachMedia(carrier)
  carrier.start()
  return session
}
