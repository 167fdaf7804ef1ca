import { XMLParser, XMLValidator } from 'fast-xml-parser'

/** What a TwiML document tells Twilio to do with a call. Nothing stands behind a verb but behind `<Play>`. */
export type Twiml =
  | { readonly verb: 'connect'; readonly url: string; readonly parameters: Readonly<Record<string, string>> }
  | { readonly verb: 'reject'; readonly reason: string }
  | {
      readonly verb: 'dial'
      readonly to: string
      readonly callerId: string | null
      readonly timeoutSeconds: number
      /** Asked for what comes next; null: the call ends. */
      readonly action: string | null
      /** Told of the other leg. */
      readonly statusCallback: string | null
      readonly statusEvents: readonly string[]
    }
  | { readonly verb: 'play'; readonly digits: string; readonly next: Twiml }
  | { readonly verb: 'hangup' }

/** A document that Twilio does not take; its call ends with an application error. */
export class TwimlFault extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'TwimlFault'
  }
}

/** Name and value of a `<Parameter>` together, in characters. */
const LONGEST_PARAMETER = 500
const E164 = /^\+[1-9]\d{6,14}$/
const LEG_EVENTS = ['initiated', 'ringing', 'answered', 'completed']
const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]'])

interface Element {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: readonly Element[]
  readonly text: string
}

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseTagValue: false
})

/** @throws TwimlFault */
export function parseTwiml(xml: string): Twiml {
  const valid = XMLValidator.validate(xml)
  if (valid !== true) throw new TwimlFault(`12100 document parse failure: ${valid.err.msg}`)
  const [response, ...others] = elementsOf(parser.parse(xml)).filter(({ name }) => !name.startsWith('?'))
  if (response?.name !== 'Response' || others.length > 0)
    throw new TwimlFault('12100 the root is not <Response>')
  return readVerbs(response.children)
}

function readVerbs([verb, ...more]: readonly Element[]): Twiml {
  if (!verb) return { verb: 'hangup' }
  if (verb.name === 'Play') return play(verb, readVerbs(more))
  if (more.length > 0) throw new TwimlFault(`12200 <${more[0].name}> would be done after the call`)
  switch (verb.name) {
    case 'Connect':
      return connect(verb)
    case 'Reject':
      allowOnly(verb, ['reason'])
      return { verb: 'reject', reason: oneOf(verb, 'reason', ['rejected', 'busy']) }
    case 'Dial':
      return dial(verb)
    case 'Hangup':
      return { verb: 'hangup' }
    default:
      throw new TwimlFault(`12200 <${verb.name}> is not a verb of the stand-in`)
  }
}

function connect(element: Element): Twiml {
  allowOnly(element, ['action', 'method'])
  const stream = onlyChild(element, 'Stream')
  allowOnly(stream, ['url', 'name', 'track', 'statusCallback', 'statusCallbackMethod'])
  if ((stream.attributes.track ?? 'inbound_track') !== 'inbound_track')
    throw new TwimlFault('31941 a bidirectional stream has the inbound_track only')
  const parameters = stream.children.map((parameter) => {
    if (parameter.name !== 'Parameter') throw new TwimlFault(`12200 <${parameter.name}> in <Stream>`)
    allowOnly(parameter, ['name', 'value'])
    const { name = '', value = '' } = parameter.attributes
    if (name === '') throw new TwimlFault('12200 <Parameter> without a name')
    if (name.length + value.length > LONGEST_PARAMETER)
      throw new TwimlFault(`12200 <Parameter> is longer than ${LONGEST_PARAMETER} characters`)
    return [name, value] as const
  })
  return {
    verb: 'connect',
    url: streamUrl(stream.attributes.url),
    parameters: Object.fromEntries(parameters)
  }
}

/** `wss` on a public host and no query, as Twilio has it; `ws` for a stand-in's loopback only. */
function streamUrl(value: string | undefined): string {
  const url = URL.parse(value ?? '')
  if (!url) throw new TwimlFault('31951 <Stream> has no absolute url')
  const plain = url.protocol === 'ws:' && LOOPBACK.has(url.hostname)
  if (url.protocol !== 'wss:' && !plain) throw new TwimlFault(`31910 the url is ${url.protocol}, not wss:`)
  if (url.search !== '' || url.hash !== '') throw new TwimlFault('31920 the url has a query string')
  return url.href
}

/** Keys, not a sound: that needs a file. */
function play(element: Element, next: Twiml): Twiml {
  allowOnly(element, ['digits', 'loop'])
  const { digits = '' } = element.attributes
  if (!/^[0-9A-D*#w]+$/.test(digits)) throw new TwimlFault('12200 <Play> has invalid digits')
  return { verb: 'play', digits, next }
}

function dial(element: Element): Twiml {
  allowOnly(element, ['timeout', 'callerId', 'action', 'method', 'answerOnBridge', 'timeLimit'])
  const number = element.children.length > 0 ? onlyChild(element, 'Number') : element
  if (number !== element)
    allowOnly(number, ['statusCallback', 'statusCallbackEvent', 'statusCallbackMethod', 'url', 'sendDigits'])
  const to = number.text
  if (!E164.test(to)) throw new TwimlFault('13223 <Dial> has an invalid phone number')
  const { callerId = null, timeout = '30', action = null } = element.attributes
  if (callerId !== null && !E164.test(callerId)) throw new TwimlFault('13214 <Dial> has an invalid callerId')
  const timeoutSeconds = Number(timeout)
  if (!(timeoutSeconds >= 5 && timeoutSeconds <= 600))
    throw new TwimlFault('13212 <Dial> has an invalid timeout')
  const { statusCallback = null, statusCallbackEvent = 'completed' } = number.attributes
  for (const url of [action, statusCallback])
    if (url !== null && !/^https?:\/\/[^/]+/.test(url)) throw new TwimlFault('11100 invalid URL')
  const statusEvents = statusCallbackEvent.split(' ')
  if (!statusEvents.every((event) => LEG_EVENTS.includes(event)))
    throw new TwimlFault('12200 statusCallbackEvent is invalid')
  return { verb: 'dial', to, callerId, timeoutSeconds, action, statusCallback, statusEvents }
}

function onlyChild(element: Element, name: string): Element {
  const [child, ...others] = element.children
  if (child?.name !== name || others.length > 0)
    throw new TwimlFault(`12200 <${element.name}> takes one <${name}>`)
  return child
}

function allowOnly(element: Element, names: readonly string[]): void {
  const unknown = Object.keys(element.attributes).find((name) => !names.includes(name))
  if (unknown) throw new TwimlFault(`12200 <${element.name}> has no attribute ${unknown}`)
}

function oneOf(element: Element, name: string, values: readonly string[]): string {
  const value = element.attributes[name] ?? values[0]
  if (!values.includes(value)) throw new TwimlFault(`12200 ${name} must be one of ${values.join(', ')}`)
  return value
}

/** The parser's shape, one object a node with the tag's name as its key, as elements. */
function elementsOf(nodes: readonly Record<string, unknown>[]): Element[] {
  return nodes.flatMap((node) => {
    const name = Object.keys(node).find((key) => key !== ':@')
    if (name === undefined || name === '#text') return []
    const inside = node[name] as Record<string, unknown>[]
    return {
      name,
      attributes: (node[':@'] ?? {}) as Record<string, string>,
      children: elementsOf(inside),
      text: inside.map((child) => String(child['#text'] ?? '')).join('')
    }
  })
}
