import twilio from 'twilio'
import { webSocketOrigin } from '../../public-url.ts'

/** Form fields of a webhook, decoded; a field that came more than once is a list. */
export type TwilioParams = Readonly<Record<string, string | string[]>>

/**
 * Checks `X-Twilio-Signature`: base64 of HMAC-SHA-1, with the account's auth token, over the URL as Twilio was given
 * it and the sorted form fields (twilio.com/docs/usage/security). The URL is built from the configured public address
 * alone: what a request says of its own host is not to be trusted, and behind a proxy not true.
 */
export interface TwilioSignatures {
  /** The URL that Twilio must have signed for this path, with its query. */
  webhookUrl(path: string): string
  isWebhook(path: string, params: TwilioParams, signature: string | undefined): boolean
  /** The URL that Twilio must have signed to open a media socket at this path. */
  upgradeUrl(path: string): string
  /** The upgrade of a media socket: signed over `wss://`, without fields. */
  isUpgrade(path: string, signature: string | undefined): boolean
}

export function createTwilioSignatures(options: { authToken: string; publicUrl: URL }): TwilioSignatures {
  const { authToken, publicUrl } = options
  // The two differ on a loopback host only, where a stand-in may have signed either.
  const socketOrigins = new Set([`wss://${publicUrl.host}`, webSocketOrigin(publicUrl)])

  function isSigned(url: string, params: TwilioParams, signature: string | undefined): boolean {
    if (!signature) return false
    try {
      return twilio.validateRequest(authToken, signature, url, params)
    } catch {
      // It throws for what is not a URL, and a path comes from anybody.
      return false
    }
  }

  const webhookUrl = (path: string): string => `${publicUrl.origin}${path}`
  const upgradeUrl = (path: string): string => `wss://${publicUrl.host}${path}`

  return {
    webhookUrl,
    upgradeUrl,
    isWebhook: (path, params, signature) => isSigned(webhookUrl(path), params, signature),
    isUpgrade: (path, signature) =>
      [...socketOrigins].some((origin) => isSigned(`${origin}${path}`, {}, signature))
  }
}
