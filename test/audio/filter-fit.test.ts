import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FilterFit } from '../../audio/filter-fit.ts'
import { noiseLike } from '../support/speech-like.ts'

describe('FilterFit', () => {
  it('finds the filter that made one signal of another', () => {
    const filter = [0.1, 0.7, -0.4, 0, 0.2, 0, 0, -0.1]
    const source = Float64Array.from(noiseLike({ sampleRate: 1000, ms: 3000 }))
    const target = Float64Array.from({ length: 2000 }, (_, i) =>
      filter.reduce((sum, tap, j) => sum + tap * source[500 + i - j], 0)
    )
    const found = new FilterFit(8).fit(target, source, 500)
    for (const [j, tap] of filter.entries())
      assert.ok(Math.abs(found[j] - tap) < 0.02, `tap ${j}: ${found[j]}`)
  })

  it('takes what lies outside of the source for silence', () => {
    const source = Float64Array.from(noiseLike({ sampleRate: 1000, ms: 1000 }))
    const target = Float64Array.from({ length: 1000 }, (_, i) => 0.5 * (source[i + 3] ?? 0))
    const found = new FilterFit(6).fit(target, source, 5)
    assert.ok(Math.abs(found[2] - 0.5) < 0.01, `${found}`)
    assert.ok(Math.abs(found[0]) + Math.abs(found[4]) < 0.02, `${found}`)
  })

  it('finds nothing in silence', () => {
    const silence = new Float64Array(400)
    assert.deepEqual([...new FilterFit(4).fit(silence, silence, 0)], [0, 0, 0, 0])
  })
})
