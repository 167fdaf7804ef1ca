import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type FrameNumber, ReorderBuffer } from '../../audio/reorder-buffer.ts'

describe('ReorderBuffer', () => {
  it('passes frames in order straight through, from any first number', () => {
    for (const first of [0, 1, 2, 65_000]) {
      const { push } = build()
      for (let number = first; number < first + 5; number++) assert.deepEqual(push(number), [number])
    }
  })

  it('lets the next frame by that nothing waits for, and no other', () => {
    const { push, buffer } = build()
    assert.equal(buffer.passes(1), false)
    push(1)
    assert.deepEqual([buffer.passes(1), buffer.passes(3), buffer.passes(Number.NaN)], [false, false, false])
    assert.equal(buffer.passes(2), true)
    assert.deepEqual(push(3), [3])
    push(5)
    assert.equal(buffer.passes(4), false)
    assert.deepEqual(push(4), [4, 5])
    assert.deepEqual(counters(buffer), { late: 0, duplicate: 0, missing: 0 })
  })

  it('holds what comes behind a gap until the gap is filled', () => {
    const { push, buffer } = build()
    push(1)
    assert.deepEqual(push(4), [])
    assert.deepEqual(push(3), [])
    assert.deepEqual(push(2), [2, 3, 4])
    assert.deepEqual(push(5), [5])
    assert.deepEqual(counters(buffer), { late: 0, duplicate: 0, missing: 0 })
  })

  it('gives a gap up when one frame more than its depth waits behind it', () => {
    const { push, buffer } = build()
    push(1)
    for (const number of [4, 5, 6]) assert.deepEqual(push(number), [])
    assert.deepEqual(push(7), [4, 5, 6, 7])
    assert.equal(buffer.missing, 2)
  })

  it('tells how many frames it gave up, before the one behind them', () => {
    const told: (number | string)[] = []
    const buffer = new ReorderBuffer<number>({
      deliver: (frame) => told.push(frame),
      onMissing: (frames) => told.push(`${frames} missing`)
    })
    for (const number of [1, 4, 6, 7, 8, 9]) buffer.push(number, number)
    assert.deepEqual(told, [1, '2 missing', 4, '1 missing', 6, 7, 8, 9])
  })

  it('gives up only the first of two gaps', () => {
    const { push, buffer } = build(2)
    push(1)
    push(3)
    push(5)
    assert.deepEqual(push(6), [3])
    assert.deepEqual(push(4), [4, 5, 6])
    assert.equal(buffer.missing, 1)
  })

  it('drops and counts frames that come too late or twice', () => {
    const { push, buffer } = build(1)
    for (const number of [10, 12, 13]) push(number)
    assert.deepEqual(push(11), [])
    assert.deepEqual(push(9), [])
    assert.deepEqual(counters(buffer), { late: 2, duplicate: 0, missing: 1 })
    assert.deepEqual([push(13), push(11), push(15), push(15)].flat(), [])
    assert.deepEqual(counters(buffer), { late: 2, duplicate: 3, missing: 1 })
  })

  it('passes frames without a number straight through, even behind a gap', () => {
    const { push } = build()
    push(1)
    push(3)
    for (const number of [undefined, null, '', ' ', 'x', '1.5', Number.NaN]) {
      assert.deepEqual(push(number), [number])
    }
    assert.deepEqual(push(2), [2, 3])
  })

  it('reads numbers that are written as text', () => {
    const { push } = build()
    push('1')
    assert.deepEqual(push('10'), [])
    for (let number = 2; number < 9; number++) assert.deepEqual(push(String(number)), [String(number)])
    assert.deepEqual(push('9'), ['9', '10'])
  })

  it('takes a jump of more than 100 for a new count, after what it still held', () => {
    for (const restart of [1, 5000]) {
      const { push, buffer } = build()
      push(500)
      push(502)
      assert.deepEqual(push(restart), [502, restart])
      assert.deepEqual(push(restart + 1), [restart + 1])
      assert.deepEqual(counters(buffer), { late: 0, duplicate: 0, missing: 1 })
    }
  })

  it('gives out what it holds when flushed, and goes on behind it', () => {
    const { push, buffer, delivered } = build()
    for (const number of [1, 3, 6]) push(number)
    buffer.flush()
    assert.deepEqual(delivered, [1, 3, 6])
    assert.equal(buffer.missing, 3)
    assert.deepEqual(push(7), [7])
  })

  it('forgets what it holds when reset, and takes any first number again', () => {
    const { push, buffer } = build()
    for (const number of [50, 52]) push(number)
    buffer.reset()
    for (const number of [48, 49, 50, 51, 52, 53]) assert.deepEqual(push(number), [number])
    assert.deepEqual(counters(buffer), { late: 0, duplicate: 0, missing: 0 })
  })

  it('does not take a duplicate for a frame that was late before the reset', () => {
    const { push, buffer } = build(0)
    for (const number of [10, 12]) push(number)
    buffer.reset()
    for (const number of [10, 11, 11]) push(number)
    assert.deepEqual(counters(buffer), { late: 0, duplicate: 1, missing: 1 })
  })

  it('can be reset by the one who takes the frames', () => {
    const delivered: number[] = []
    const buffer = new ReorderBuffer<number>({
      deliver: (frame) => {
        delivered.push(frame)
        if (frame === 3) buffer.reset()
      }
    })
    for (const number of [1, 3, 4, 2]) buffer.push(number, number)
    assert.deepEqual(delivered, [1, 2, 3])
  })

  it('restores the order of any stream that is shuffled within its depth', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 2, maxLength: 60 }), (delays) => {
        const numbers = delays
          .map((delay, number) => ({ number, arrival: number === 0 ? -1 : number + delay + number / 1000 }))
          .sort((a, b) => a.arrival - b.arrival)
          .map(({ number }) => number)
        const { push, buffer, delivered } = build()
        for (const number of numbers) push(number)
        assert.deepEqual(
          delivered,
          delays.map((_, number) => number)
        )
        assert.deepEqual(counters(buffer), { late: 0, duplicate: 0, missing: 0 })
      })
    )
  })

  it('delivers any stream in rising order, holds at most its depth, and accounts for every frame', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 60 })),
        fc.integer({ min: 0, max: 5 }),
        (numbers, depth) => {
          const { push, buffer, delivered } = build(depth)
          numbers.forEach((number, i) => {
            push(number)
            const dropped = buffer.late + buffer.duplicate
            assert.ok(i + 1 - dropped - delivered.length <= depth)
          })
          buffer.flush()
          assert.deepEqual(
            delivered,
            [...new Set(delivered)].sort((a, b) => Number(a) - Number(b))
          )
          assert.equal(delivered.length + buffer.late + buffer.duplicate, numbers.length)
          if (delivered.length > 0) {
            const span = Number(delivered.at(-1)) - Number(delivered[0]) + 1
            assert.equal(delivered.length + buffer.missing, span)
          }
        }
      )
    )
  })
})

/** `push` returns what it delivered. */
function build(depth?: number) {
  const delivered: FrameNumber[] = []
  const buffer = new ReorderBuffer<FrameNumber>({ deliver: (frame) => delivered.push(frame), depth })
  const push = (number: FrameNumber): FrameNumber[] => {
    const before = delivered.length
    buffer.push(number, number)
    return delivered.slice(before)
  }
  return { buffer, delivered, push }
}

function counters({ late, duplicate, missing }: ReorderBuffer<FrameNumber>) {
  return { late, duplicate, missing }
}
