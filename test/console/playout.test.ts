import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { JitterBuffer } from '../../console/audio/jitter-buffer.js'
import { Playout } from '../../console/audio/playout.js'

const ones = (length: number) => new Float32Array(length).fill(1)

describe('the playout of the softphone', () => {
  it('returns a mark when the last sample before it was played, and not before', () => {
    const playout = new Playout()
    playout.enqueue(ones(100))
    playout.mark('a')
    playout.enqueue(ones(50))
    playout.mark('b')
    const block = new Float32Array(64)
    assert.equal(playout.play(block), 64)
    assert.deepEqual(playout.takeDueMarks(), [])
    playout.play(block)
    assert.deepEqual(playout.takeDueMarks(), ['a'])
    assert.equal(playout.play(block), 22)
    assert.deepEqual(
      block,
      Float32Array.from({ length: 64 }, (_, i) => (i < 22 ? 1 : 0))
    )
    assert.deepEqual(playout.takeDueMarks(), ['b'])
    assert.deepEqual(playout.takeDueMarks(), [])
  })

  it('drops what was not played at a clear, returns every mark, and counts on from there', () => {
    const playout = new Playout()
    playout.enqueue(ones(100))
    playout.mark('a')
    playout.clear()
    assert.deepEqual(playout.takeDueMarks(), ['a'])
    const block = new Float32Array(16)
    assert.equal(playout.play(block), 0)
    playout.enqueue(ones(16))
    playout.mark('b')
    assert.deepEqual(playout.takeDueMarks(), [])
    playout.play(block)
    assert.deepEqual(playout.takeDueMarks(), ['b'])
  })
})

describe('the jitter buffer of listening', () => {
  const FRAME = 160
  const DELAY_SAMPLES = 160 * 8

  function read(buffer: JitterBuffer, samples: number) {
    const caller = new Float32Array(samples)
    const agent = new Float32Array(samples)
    buffer.read(caller, agent)
    return { caller, agent }
  }

  const frame = (track: 'inbound' | 'outbound', index: number, value: number) => ({
    track,
    timestamp: index * 20,
    samples: new Float32Array(FRAME).fill(value)
  })

  it('plays both tracks on one clock and without a gap, in whatever order frames come', () => {
    const buffer = new JitterBuffer(8000)
    for (const index of [0, 2, 1, 3, 5, 4]) {
      buffer.push(frame('inbound', index, index + 1))
      buffer.push(frame('outbound', index, -index - 1))
    }
    assert.deepEqual(read(buffer, DELAY_SAMPLES).caller, new Float32Array(DELAY_SAMPLES))
    for (let index = 0; index < 6; index++) {
      const { caller, agent } = read(buffer, FRAME)
      assert.deepEqual(caller, new Float32Array(FRAME).fill(index + 1))
      assert.deepEqual(agent, new Float32Array(FRAME).fill(-index - 1))
    }
  })

  it('is silent where frames were lost, and does not play old audio again', () => {
    const buffer = new JitterBuffer(8000)
    for (let index = 0; index < 400; index++) {
      if (index !== 250) buffer.push(frame('inbound', index, 1))
      const { caller } = read(buffer, FRAME)
      const isLost = index - 250 === DELAY_SAMPLES / FRAME
      const expected = index < DELAY_SAMPLES / FRAME || isLost ? 0 : 1
      assert.deepEqual(caller, new Float32Array(FRAME).fill(expected), `frame ${index}`)
    }
  })

  it('begins anew after it ran dry, and skips ahead where it is far behind', () => {
    const buffer = new JitterBuffer(8000)
    buffer.push(frame('inbound', 0, 1))
    read(buffer, DELAY_SAMPLES + FRAME)
    read(buffer, FRAME)
    buffer.push(frame('inbound', 500, 2))
    assert.deepEqual(read(buffer, DELAY_SAMPLES).caller, new Float32Array(DELAY_SAMPLES))
    assert.equal(read(buffer, FRAME).caller[0], 2)
    for (let index = 501; index < 550; index++) buffer.push(frame('inbound', index, index))
    const heard = read(buffer, FRAME).caller[0]
    assert.ok(heard >= 550 - 44, `${heard} is old`)
  })
})
