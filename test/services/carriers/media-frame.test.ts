import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { MediaFrameReader } from '../../../services/carriers/media-frame.ts'

interface Read {
  readonly payload: string
  readonly chunk: number
  readonly outbound: boolean
}

const TELNYX =
  '{"event":"media","sequence_number":"4","stream_id":"32de0dea","media":' +
  '{"track":"inbound","chunk":"2","timestamp":"5","payload":"/v7+/w=="}}'
const TWILIO =
  '{"event":"media","sequenceNumber":"4","media":{"track":"inbound","chunk":"2","timestamp":"5",' +
  '"payload":"/v7+/w=="},"streamSid":"MZ18ad"}'

const reader = new MediaFrameReader()

/** Read from the midst of other bytes, as it comes in. */
function read(text: string | Buffer): Read | null {
  const message = Buffer.from(text as string)
  const memory = Buffer.concat([Buffer.from('{"'), message, Buffer.from('","media":{"payload":"AAAA"}}')])
  const payload = reader.read(memory, 2, 2 + message.length)
  return payload && { payload: payload.toString('hex'), chunk: reader.chunk, outbound: reader.outbound }
}

/** The same by the JSON parser, as the transports read frames that are not plain; null of what they would not take. */
function parsed(text: string | Buffer): Read | null {
  let frame: { event?: unknown; media?: { payload?: unknown; chunk?: unknown; track?: unknown } }
  try {
    frame = JSON.parse(text.toString())
  } catch {
    return null
  }
  if (frame?.event !== 'media' || typeof frame.media?.payload !== 'string') return null
  const payload = Buffer.from(frame.media.payload, 'base64')
  if (payload.length === 0) return null
  const chunk = Number(frame.media.chunk ?? Number.NaN)
  return { payload: payload.toString('hex'), chunk, outbound: frame.media.track === 'outbound' }
}

/** What it takes, it takes for what it is. */
function assertEqual(text: string | Buffer): void {
  const taken = read(text)
  if (taken) assert.deepEqual(taken, parsed(text))
}

const plain = fc.stringMatching(/^[A-Za-z0-9 _.:+/=-]{0,12}$/)
const base64 = fc
  .uint8Array({ minLength: 1, maxLength: 60 })
  .map((bytes) => Buffer.from(bytes).toString('base64'))
const anyText = fc.oneof(
  plain,
  base64,
  fc.string({ maxLength: 8 }),
  fc.constantFrom('media', 'inbound', 'outbound')
)
const anyValue = fc.oneof(
  anyText,
  fc.integer(),
  fc.constantFrom(null, true, 1.5, -0),
  fc.array(plain, { maxLength: 2 })
)
const media = fc.record(
  {
    track: anyValue,
    chunk: fc.oneof(fc.nat().map(String), anyValue),
    timestamp: anyValue,
    payload: fc.oneof(base64, anyValue)
  },
  { requiredKeys: [] }
)
const frame = fc.record(
  {
    event: fc.oneof(fc.constant('media'), anyValue),
    stream_id: anyText,
    media: fc.oneof(media, anyValue),
    more: fc.oneof(media, anyValue)
  },
  { requiredKeys: [] }
)

describe('MediaFrameReader', () => {
  it('takes the media messages that carriers send', () => {
    const expected = { payload: 'fefefeff', chunk: 2, outbound: false }
    assert.deepEqual(read(TELNYX), expected)
    assert.deepEqual(read(TWILIO), expected)
    assert.deepEqual(read(TELNYX.replace('inbound', 'outbound')), { ...expected, outbound: true })
    assert.deepEqual(read(TWILIO.replace('"chunk":"2",', '')), { ...expected, chunk: Number.NaN })
  })

  for (const [what, text] of Object.entries({
    'other events': '{"event":"mark","mark":{"name":"a"}}',
    'white space': TELNYX.replace(',', ', '),
    escapes: TELNYX.replace('32de', '\\u0033'),
    'escapes in the payload': TELNYX.replace('"/v7', '"\\/v7'),
    'numbers for strings': TELNYX.replace('"2"', '2'),
    'another media': TELNYX.replace('"media":', '"media":{"payload":"AAAA"},"media":'),
    'another payload': TELNYX.replace('"track"', '"payload":"AAAA","track"'),
    'another event': TELNYX.replace('"stream_id"', '"event":"stop","event"'),
    'base64 that is not clean': TELNYX.replace('/v7+', '/v*+'),
    'base64 cut short': TELNYX.replace('/w==', '/w='),
    'no payload': TELNYX.replace('"payload"', '"nothing"'),
    'an empty payload': TELNYX.replace('/v7+/w==', ''),
    'what follows the end': `${TELNYX} `,
    'what is not all there': TELNYX.slice(0, -1)
  }))
    it(`leaves ${what} to the parser`, () => {
      assert.equal(read(text), null)
    })

  it('reads what it takes as the JSON parser does', () => {
    fc.assert(
      fc.property(frame, (value) => assertEqual(JSON.stringify(value))),
      { numRuns: 2000 }
    )
  })

  it('reads messages with any byte changed, put in or taken out as the JSON parser does', () => {
    const original = fc.constantFrom(TELNYX, TWILIO)
    const edit = fc.constantFrom('change', 'insert', 'remove')
    fc.assert(
      fc.property(original, edit, fc.nat(), fc.integer({ min: 0, max: 255 }), (text, how, place, byte) => {
        const bytes = [...Buffer.from(text)]
        const at = place % bytes.length
        if (how === 'remove') bytes.splice(at, 1)
        else bytes.splice(at, how === 'change' ? 1 : 0, byte)
        assertEqual(Buffer.from(bytes))
      }),
      { numRuns: 5000 }
    )
  })

  it('takes most of what carriers may well send', () => {
    const taken = fc.sample(fc.tuple(base64, fc.nat()), 200).filter(([payload, chunk]) => {
      const inner = { track: 'inbound', chunk: String(chunk), timestamp: String(chunk * 20), payload }
      return read(JSON.stringify({ event: 'media', sequence_number: '1', media: inner, stream_id: 'a' }))
    })
    assert.equal(taken.length, 200)
  })
})
