import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { compare, type Deed } from '../../../cli/replay/compare.ts'

const deeds = (...whats: string[]): Deed[] => whats.map((what, i) => ({ t: i * 20, wire: 'carrier', what }))

describe('compare', () => {
  it('finds nothing where everything was done when it was to be done', () => {
    assert.deepEqual(compare(deeds('a', 'b', 'c'), deeds('a', 'b', 'c')), [])
  })

  it('finds what is missing, once', () => {
    const wanted = deeds('a', 'b', 'c', 'd')
    assert.deepEqual(compare(wanted, [wanted[0], wanted[2], wanted[3]]), [{ expected: wanted[1], got: null }])
  })

  it('finds what is too much, once', () => {
    const got = deeds('a', 'b', 'c')
    assert.deepEqual(compare([got[0], got[2]], got), [{ expected: null, got: got[1] }])
  })

  it('lays what was done otherwise beside what was to be done', () => {
    const [wanted, got] = [deeds('a', 'b', 'c'), deeds('a', 'x', 'c')]
    assert.deepEqual(compare(wanted, got), [{ expected: wanted[1], got: got[1] }])
  })

  it('finds what was done more than a millisecond early or late', () => {
    const wanted = deeds('a', 'b')
    const late = [wanted[0], { ...wanted[1], t: 22 }]
    const nearly = [wanted[0], { ...wanted[1], t: 20.9 }]
    assert.deepEqual(compare(wanted, late), [{ expected: wanted[1], got: late[1] }])
    assert.deepEqual(compare(wanted, nearly), [])
  })

  it('finds the same done on another wire', () => {
    const wanted = deeds('a')
    const got: Deed[] = [{ t: 0, wire: 'engine', what: 'a' }]
    assert.equal(compare(wanted, got).length > 0, true)
  })

  it('finds all that a session that stopped too early left out', () => {
    const wanted = deeds(...Array.from({ length: 300 }, (_, i) => `frame ${i}`))
    assert.equal(compare(wanted, wanted.slice(0, 10)).length, 290)
  })
})
