import pRetry from 'p-retry'
import type { Static } from 'typebox'
import type { Dial } from '../sessions/call-control.ts'
import type { AgentProfile } from '../sessions/contracts/agent-profile.ts'
import type { CallIdentity } from '../sessions/contracts/call-events.ts'
import type { ReplyCarrier } from '../sessions/contracts/carrier.ts'
import type { initiateBody } from './call-schemas.ts'
import { HttpError } from './http-error.ts'
import type { RouteOptions } from './route-options.ts'

/** A second in all. */
const ROW_RETRIES = { retries: 40, minTimeout: 25, factor: 1 }

/**
 * Places a call that the operator asks for: who speaks, whether it may be placed, then the carrier's dial.
 * @throws HttpError of an unknown agent; CallError of the guard, the capacity or the carrier.
 */
export async function placeCall(
  options: RouteOptions,
  carrier: ReplyCarrier,
  { to, from, agentId = 'default' }: Static<typeof initiateBody>,
  dial: (profile: AgentProfile) => Dial
): Promise<CallIdentity> {
  const profile = await options.agentById(agentId)
  if (!profile) throw new HttpError(404, 'unknown_agent', `There is no agent with the agentId ${agentId}.`)
  await options.outbound.admitCall(from, to)
  return options.control.place(carrier, { from, to, profile }, dial(profile))
}

/** What the operator is told of a call that has been placed. */
export async function initiatedReply(call: CallIdentity, streamUrl: string, { calls }: RouteOptions) {
  return {
    success: true,
    data: {
      callId: call.carrierCallId,
      status: 'initiated',
      direction: 'outbound-dial',
      streamUrl,
      dbRecord: await storedRow(call, calls)
    }
  }
}

/** The row of a call that has just begun: it is written beside the call, not before it. null where that takes long. */
async function storedRow(call: CallIdentity, calls: RouteOptions['calls']): Promise<unknown> {
  const find = async () => {
    const row = await calls.findCallRow(call.callId)
    if (!row) throw new Error('not written yet')
    return row
  }
  return pRetry(find, ROW_RETRIES).catch(() => null)
}
