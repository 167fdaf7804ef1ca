import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Playout } from '../../../cli/phone/playout.ts'

const FRAME = 160

function rig() {
  const playout = new Playout()
  const frame = new Int16Array(FRAME)
  return {
    playout,
    frame,
    /** Ends the frame on air, puts the next one on air, and returns the marks that came due. */
    step() {
      playout.endFrame()
      const due = playout.takeDueMarks()
      return { due, samples: playout.beginFrame(frame) }
    }
  }
}

describe('Playout', () => {
  it('returns a mark when the last sample before it has been played, and not before', () => {
    const { playout, step } = rig()
    playout.enqueue(new Int16Array(FRAME + 1).fill(5))
    playout.mark('end')
    assert.deepEqual(step(), { due: [], samples: FRAME })
    assert.deepEqual(step(), { due: [], samples: 1 })
    assert.deepEqual(step(), { due: ['end'], samples: 0 })
    assert.equal(playout.played, FRAME + 1)
  })

  it('returns a mark at once where nothing is queued', () => {
    const { playout } = rig()
    playout.mark('nothing')
    assert.deepEqual(playout.takeDueMarks(), ['nothing'])
    assert.deepEqual(playout.takeDueMarks(), [])
  })

  it('holds a mark that comes while the last of its audio is on air until that frame is over', () => {
    const { playout, step } = rig()
    playout.enqueue(new Int16Array(FRAME).fill(5))
    step()
    playout.mark('end')
    assert.deepEqual(playout.takeDueMarks(), [])
    assert.deepEqual(step().due, ['end'])
  })

  it('returns marks in order, each with the audio before it', () => {
    const { playout, step } = rig()
    for (const name of ['a', 'b', 'c']) {
      playout.enqueue(new Int16Array(FRAME).fill(5))
      playout.mark(name)
    }
    const due = Array.from({ length: 4 }, () => step().due)
    assert.deepEqual(due, [[], ['a'], ['b'], ['c']])
  })

  it('drops the queue at a clear and returns every mark at once', () => {
    const { playout, step } = rig()
    playout.enqueue(new Int16Array(FRAME * 5).fill(5))
    playout.mark('a')
    playout.mark('b')
    step()
    assert.equal(playout.clear(), FRAME * 4)
    assert.deepEqual(playout.takeDueMarks(), ['a', 'b'])
    assert.deepEqual(step(), { due: [], samples: 0 })
    assert.equal(playout.played, FRAME)
  })

  it('plays what comes after a clear, with its marks', () => {
    const { playout, step } = rig()
    playout.enqueue(new Int16Array(FRAME * 5).fill(5))
    step()
    playout.clear()
    playout.enqueue(new Int16Array(FRAME).fill(7))
    playout.mark('new')
    assert.deepEqual(step(), { due: [], samples: FRAME })
    assert.deepEqual(step().due, ['new'])
  })

  it('joins pieces of any size without a gap and fills up with silence', () => {
    const { playout, frame, step } = rig()
    playout.enqueue(Int16Array.from({ length: 100 }, (_, i) => i + 1))
    playout.enqueue(Int16Array.from({ length: 100 }, (_, i) => i + 101))
    step()
    assert.deepEqual(
      [...frame],
      Array.from({ length: FRAME }, (_, i) => i + 1)
    )
    assert.equal(step().samples, 40)
    assert.deepEqual(
      [...frame],
      Array.from({ length: FRAME }, (_, i) => (i < 40 ? i + 161 : 0))
    )
  })
})
