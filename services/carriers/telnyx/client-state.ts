/**
 * What Offhook has Telnyx repeat in every webhook of a leg that it dialled (`client_state`, base64): by that a webhook
 * is known which overtakes the reply to the dial, and a transfer's leg, whose id nobody else tells.
 */
export type ClientState = { readonly callId: string } | { readonly transferId: string }

export function encodeClientState(state: ClientState): string {
  return Buffer.from(JSON.stringify(state)).toString('base64')
}

/** null where it is none of ours. */
export function decodeClientState(text: unknown): ClientState | null {
  if (typeof text !== 'string' || text === '') return null
  try {
    const state: unknown = JSON.parse(Buffer.from(text, 'base64').toString())
    const { callId, transferId } = Object(state) as Record<string, unknown>
    if (typeof callId === 'string') return { callId }
    return typeof transferId === 'string' ? { transferId } : null
  } catch {
    return null
  }
}
