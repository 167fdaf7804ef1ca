import type { CallIdentity } from '../../sessions/contracts/call-events.ts'
import type { Config } from '../config.ts'
import type { MediaTokens } from '../media-token.ts'
import { webSocketOrigin } from '../public-url.ts'

/** Where a carrier connects the media socket of a call, and what it presents there. */
export function createStreamMint(
  config: Config,
  tokens: MediaTokens
): (call: CallIdentity) => { url: string; token: string } {
  const telnyxUrl = config.telnyx?.streamUrl ?? config.publicUrl
  const telnyxOrigin = telnyxUrl && webSocketOrigin(telnyxUrl)
  const twilioOrigin = config.publicUrl && webSocketOrigin(config.publicUrl)
  return ({ carrier, callId, carrierCallId }) => ({
    url:
      carrier === 'twilio'
        ? `${twilioOrigin}/ws/twilio/${callId}`
        : `${telnyxOrigin}/media-stream-ws?call_id=${encodeURIComponent(carrierCallId)}`,
    token: tokens.mint(carrierCallId)
  })
}
