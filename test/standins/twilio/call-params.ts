import * as refusal from './twilio-error.ts'
import { parseTwiml, type Twiml, TwimlFault } from './twiml.ts'

/** Form fields of a REST request. */
export type Form = Readonly<Record<string, string | string[]>>

const METHODS = ['GET', 'POST']
const EVENTS = ['initiated', 'ringing', 'answered', 'completed']
/** The fields of the Call resource that a voice application uses (twilio.com/docs/voice/api/call-resource). */
const CREATE = [
  'To',
  'From',
  'Url',
  'Twiml',
  'ApplicationSid',
  'Method',
  'FallbackUrl',
  'FallbackMethod',
  'StatusCallback',
  'StatusCallbackEvent',
  'StatusCallbackMethod',
  'Timeout',
  'TimeLimit',
  'SendDigits',
  'MachineDetection',
  'MachineDetectionTimeout',
  'AsyncAmd',
  'AsyncAmdStatusCallback',
  'CallReason',
  'CallToken'
]
const UPDATE = ['Url', 'Twiml', 'Method', 'Status', 'StatusCallback', 'StatusCallbackMethod', 'TimeLimit']
const E164 = /^\+[1-9]\d{6,14}$/

export interface CallCreation {
  readonly to: string
  readonly from: string
  /** Where to ask for TwiML once the call is answered. */
  readonly url: string | null
  readonly twiml: Twiml | null
  readonly statusCallback: string | null
  readonly statusEvents: readonly string[]
  /** Told who answered, beside the call; null where nobody asked for it. */
  readonly machines: { readonly mode: 'Enable' | 'DetectMessageEnd'; readonly callback: string } | null
}

export type CallUpdate =
  | { readonly kind: 'end'; readonly status: 'completed' | 'canceled' }
  | { readonly kind: 'twiml'; readonly twiml: Twiml }
  | { readonly kind: 'url'; readonly url: string }

/** @throws TwilioError that names the field at fault. */
export function readCreation(form: Form): CallCreation {
  checkFields(form, CREATE)
  const to = text(form, 'To')
  const from = text(form, 'From')
  if (to === null) throw refusal.missingTo()
  if (from === null) throw refusal.missingFrom()
  if (!E164.test(to)) throw refusal.invalidTo(to)
  if (!E164.test(from)) throw refusal.invalidFrom(from)
  const url = urlOf(form, 'Url')
  const twiml = twimlOf(form)
  if ((url === null) === (twiml === null)) throw refusal.invalidUrl('exactly one of Url and Twiml is needed')
  const events = form.StatusCallbackEvent ?? ['completed']
  const statusEvents = typeof events === 'string' ? [events] : events
  if (!statusEvents.every((event) => EVENTS.includes(event)))
    throw refusal.invalidParameter('StatusCallbackEvent')
  const statusCallback = urlOf(form, 'StatusCallback')
  return { to, from, url, twiml, statusCallback, statusEvents, machines: machinesOf(form) }
}

/** Detection that holds the call up until it is done is not for a voice agent. */
function machinesOf(form: Form): CallCreation['machines'] {
  const mode = text(form, 'MachineDetection')
  if (mode === null) return null
  if (mode !== 'Enable' && mode !== 'DetectMessageEnd') throw refusal.invalidParameter('MachineDetection')
  const callback = urlOf(form, 'AsyncAmdStatusCallback')
  if (text(form, 'AsyncAmd') !== 'true' || callback === null) throw refusal.invalidParameter('AsyncAmd')
  return { mode, callback }
}

/** @throws TwilioError that names the field at fault. */
export function readUpdate(form: Form): CallUpdate {
  checkFields(form, UPDATE)
  const status = text(form, 'Status')
  if (status === 'completed' || status === 'canceled') return { kind: 'end', status }
  if (status !== null) throw refusal.invalidParameter('Status')
  const twiml = twimlOf(form)
  if (twiml) return { kind: 'twiml', twiml }
  const url = urlOf(form, 'Url')
  if (url) return { kind: 'url', url }
  throw refusal.invalidParameter('Status, Url or Twiml is needed')
}

function checkFields(form: Form, names: readonly string[]): void {
  for (const name of Object.keys(form)) {
    if (!names.includes(name)) throw refusal.unknownParameter(name)
    if (name.endsWith('Method') && !METHODS.includes(String(form[name]))) throw refusal.invalidParameter(name)
  }
}

function text(form: Form, name: string): string | null {
  const value = form[name]
  if (Array.isArray(value)) throw refusal.invalidParameter(name)
  return value === undefined || value === '' ? null : value
}

function urlOf(form: Form, name: string): string | null {
  const value = text(form, name)
  if (value !== null && !/^https?:\/\/[^/]+/.test(value)) throw refusal.invalidUrl(value)
  return value
}

function twimlOf(form: Form): Twiml | null {
  const xml = text(form, 'Twiml')
  if (xml === null) return null
  try {
    return parseTwiml(xml)
  } catch (error) {
    throw error instanceof TwimlFault ? refusal.invalidTwiml(error.message) : error
  }
}
