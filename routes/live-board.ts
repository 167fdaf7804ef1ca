import type { CallRegistry, HeldCall } from '../sessions/call-registry.ts'

/** A call that is live here, as the console's wall shows it. */
export interface LiveCall {
  readonly call_id: string
  readonly call_control_id: string
  readonly carrier: string
  readonly direction: string
  readonly from: string | null
  readonly to: string | null
  readonly agent_id: string
  readonly agent_name: string
  /** ISO 8601; null while it rings. */
  readonly answered_at: string | null
  readonly agent_muted: boolean
  readonly caller_muted: boolean
}

/** Every call that this process holds. */
export function liveCalls(registry: CallRegistry): LiveCall[] {
  return registry.calls.map(liveCall)
}

export function liveCall({ call, profile, session, answeredAt }: HeldCall): LiveCall {
  return {
    call_id: call.callId,
    call_control_id: call.carrierCallId,
    carrier: call.carrier,
    direction: call.direction,
    from: call.from,
    to: call.to,
    agent_id: call.agentId,
    agent_name: profile.name,
    answered_at: answeredAt === null ? null : new Date(answeredAt).toISOString(),
    agent_muted: session?.muting.muted.agent ?? false,
    caller_muted: session?.muting.muted.caller ?? false
  }
}
