import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { BySize } from '../../../services/sockets/by-size.ts'

describe('BySize', () => {
  it('makes one for each of a few sizes, whatever their order', () => {
    const made: number[] = []
    const bySize = new BySize((size) => made.push(size))
    for (const size of [160, 160, 960, 160, 320, 960, 0]) bySize.of(size)
    assert.deepEqual(made, [160, 960, 320, 0])
    assert.equal(bySize.of(960), 2)
  })

  it('makes another in the place of what was given away, and of that alone', () => {
    const bySize = new BySize((size) => new Uint8Array(size))
    const [kept, given] = [bySize.of(960), bySize.of(160)]
    bySize.giveAway()
    assert.notEqual(bySize.of(160), given)
    assert.equal(bySize.of(960), kept)
  })

  it('does not grow with the number of sizes', () => {
    const made: number[] = []
    const bySize = new BySize((size) => made.push(size))
    for (let size = 0; size < 100; size++) bySize.of(size)
    bySize.of(0)
    assert.equal(made.length, 101)
    bySize.of(99)
    assert.equal(made.length, 101)
  })
})
