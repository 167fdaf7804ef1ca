import type { TelnyxCall } from '../telnyx/telnyx-call.ts'
import type { TwilioCall } from '../twilio/twilio-call.ts'

/** A call at either carrier: the phone at its far end is the same. */
export type DevCall = TelnyxCall | TwilioCall
