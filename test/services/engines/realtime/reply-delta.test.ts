import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { decoded, ReplyDeltaReader } from '../../../../services/engines/realtime/reply-delta.ts'

const MESSAGE =
  '{"type":"response.output_audio.delta","event_id":"event_BJhgV","response_id":"resp_BJhg2","item_id":"item_BJhgS",' +
  '"output_index":0,"content_index":0,"delta":"/v7+/w=="}'

const WORDS = MESSAGE.replace('output_audio', 'output_audio_transcript').replace(
  '/v7+/w==',
  ' what it, costs!'
)

const reader = new ReplyDeltaReader()

/** Read from the midst of other bytes, as it comes in. */
function read(text: string) {
  const message = Buffer.from(text)
  const memory = Buffer.concat([Buffer.from('{"'), message, Buffer.from('","delta":"AAAA"}}')])
  const delta = reader.read(memory, 2, 2 + message.length)
  return (
    delta && ('payload' in delta ? { ...delta, payload: Buffer.from(delta.payload).toString('hex') } : delta)
  )
}

/** The same by the JSON parser; null of what is neither audio nor words. */
function parsed(text: string) {
  const event = JSON.parse(text)
  if (typeof event?.delta !== 'string') return null
  const { type, response_id, item_id, delta } = event
  if (type === 'response.output_audio_transcript.delta') return { response_id, item_id, delta }
  if (type !== 'response.output_audio.delta') return null
  return { response_id, item_id, payload: Buffer.from(delta, 'base64').toString('hex') }
}

const plain = fc.stringMatching(/^[A-Za-z0-9 _.:+/=-]{0,12}$/)
const base64 = fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes).toString('base64'))
const anyValue = fc.oneof(
  plain,
  base64,
  fc.string({ maxLength: 8 }),
  fc.integer(),
  fc.double(),
  fc.constantFrom(null, true, -0, 1e21)
)
const anyMessage = fc
  .array(
    fc.tuple(
      fc.constantFrom('type', 'event_id', 'response_id', 'item_id', 'output_index', 'delta', 'more', 'délta'),
      fc.oneof(
        fc.constantFrom('response.output_audio.delta', 'response.output_audio_transcript.delta'),
        base64,
        anyValue
      )
    ),
    { maxLength: 9 }
  )
  // Written out, so that a key may come twice.
  .map((fields) => `{${fields.map(([key, value]) => `"${key}":${JSON.stringify(value)}`).join(',')}}`)

describe('ReplyDeltaReader', () => {
  it('reads what the service sends', () => {
    assert.deepEqual(read(MESSAGE), parsed(MESSAGE))
    assert.deepEqual(read(MESSAGE.replace('/v7+', 'AAAA')), parsed(MESSAGE.replace('/v7+', 'AAAA')))
  })

  it('reads the words of a reply', () => {
    assert.deepEqual(read(WORDS), parsed(WORDS))
    assert.equal(parsed(WORDS)?.delta, ' what it, costs!')
  })

  it('uses the memory of the audio again for the next message', () => {
    const first = reader.read(Buffer.from(MESSAGE), 0, MESSAGE.length)
    const second = reader.read(Buffer.from(MESSAGE), 0, MESSAGE.length)
    assert.ok(first && second && 'payload' in first && 'payload' in second)
    assert.equal(first.payload.buffer, second.payload.buffer)
  })

  it('reads what it takes as JSON.parse would, whatever it is', () => {
    fc.assert(
      fc.property(anyMessage, (text) => {
        const taken = read(text)
        if (taken) assert.deepEqual(taken, parsed(text))
      }),
      { numRuns: 5000 }
    )
  })

  it('takes the parts in any order', () => {
    const { type, ...rest } = JSON.parse(MESSAGE)
    const turned = JSON.stringify({ ...Object.fromEntries(Object.entries(rest).reverse()), type })
    assert.deepEqual(read(turned), parsed(MESSAGE))
  })

  it('leaves everything else', () => {
    for (const other of [
      MESSAGE.replace('output_audio.delta', 'output_text.delta'),
      WORDS.replace('what', 'wh\\u0041t'),
      WORDS.replace('what', 'wh\\"at'),
      WORDS.replace('what', 'qué'),
      WORDS.replace(' what it, costs!', ''),
      MESSAGE.replace('/v7+/w==', ''),
      MESSAGE.replace('/v7+/w==', '/v7+/w='),
      MESSAGE.replace('/v7+/w==', '/v7!/w=='),
      MESSAGE.replace('"delta":"', '"delta":"AAAA","delta":"'),
      MESSAGE.replace('item_BJhgS', 'item\\u0041'),
      MESSAGE.replace('item_BJhgS', 'itém'),
      MESSAGE.replace('"output_index":0', '"output_index":{}'),
      MESSAGE.replace('"item_id":"item_BJhgS",', ''),
      MESSAGE.replace(',"delta"', ', "delta"'),
      MESSAGE.slice(0, -1),
      `${MESSAGE} `,
      '{}',
      ''
    ]) {
      assert.equal(read(other), null, other)
    }
  })
})

describe('decoded', () => {
  it('passes over what is no base64', () => {
    assert.equal(Buffer.from(decoded('/v7+\n/w==')).toString('base64'), '/v7+/w==')
    assert.equal(decoded('').byteLength, 0)
  })
})
