import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { AudioQueue } from '../../audio/audio-queue.ts'

type Step =
  | { do: 'append'; bytes: number }
  | { do: 'forget'; by: number }
  | { do: 'cut'; by: number }
  | { do: 'read'; from: number; bytes: number }

const size = fc.integer({ min: 0, max: 9000 })
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('append' as const), bytes: size }),
  fc.record({ do: fc.constant('forget' as const), by: size }),
  fc.record({ do: fc.constant('cut' as const), by: size }),
  fc.record({ do: fc.constant('read' as const), from: size, bytes: size })
)

/** The same by a plain array of what is kept. */
class Model {
  readonly queue = new AudioQueue()
  #kept = Buffer.alloc(0)
  #start = 0

  run(one: Step, fill: number): void {
    const end = this.#start + this.#kept.length
    if (one.do === 'append') {
      const payload = Buffer.alloc(one.bytes, fill)
      this.queue.append(payload)
      this.#kept = Buffer.concat([this.#kept, payload])
      payload.fill(0xee)
    } else if (one.do === 'forget') {
      const by = Math.min(one.by, this.#kept.length)
      this.queue.forgetBefore(this.#start + one.by)
      this.#kept = this.#kept.subarray(by)
      this.#start += by
    } else if (one.do === 'cut') {
      this.queue.cut(end - one.by)
      this.#kept = this.#kept.subarray(0, Math.max(0, this.#kept.length - one.by))
    } else {
      const from = this.#start + one.from
      assert.deepEqual(
        Buffer.from(this.queue.read(from, from + one.bytes)),
        this.#kept.subarray(one.from, one.from + one.bytes)
      )
    }
    this.check()
  }

  check(): void {
    assert.deepEqual([this.queue.start, this.queue.end], [this.#start, this.#start + this.#kept.length])
    assert.deepEqual(Buffer.from(this.queue.read(this.queue.start, this.queue.end)), this.#kept)
  }
}

describe('AudioQueue', () => {
  it('keeps what was appended and neither forgotten nor cut, whatever other queues do meanwhile', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(2), step), { maxLength: 40 }), (steps) => {
        const models = [new Model(), new Model(), new Model()]
        for (const [index, [which, one]] of steps.entries()) {
          models[which].run(one, index + 1)
          for (const model of models) model.check()
        }
      }),
      { numRuns: 500 }
    )
  })

  it('gives out copies, which stay as they are', () => {
    const queue = new AudioQueue()
    queue.append(Buffer.alloc(5000, 1))
    const before = queue.read(0, 5000)
    queue.forgetBefore(5000)
    const next = new AudioQueue()
    next.append(Buffer.alloc(10_000, 2))
    assert.deepEqual(Buffer.from(before), Buffer.alloc(5000, 1))
  })

  it('takes the blocks of those that are done with them', () => {
    const queue = new AudioQueue()
    const other = new AudioQueue()
    const payload = Buffer.alloc(4096)
    queue.append(payload)
    queue.forgetBefore(payload.length)
    const before = process.memoryUsage().arrayBuffers
    for (let round = 0; round < 1000; round++) {
      other.append(payload)
      other.forgetBefore(other.end)
      queue.append(payload)
      queue.cut(queue.start)
    }
    assert.ok(process.memoryUsage().arrayBuffers - before < 10 * payload.length)
  })
})
