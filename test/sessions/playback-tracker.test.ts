import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { PlaybackTracker } from '../../sessions/playback-tracker.ts'

const FRAME_MS = 20

/** A tracker on a line where caller audio comes every 20 ms. */
function createRig() {
  let now = 0
  const tracker = new PlaybackTracker(now)

  function pass(ms: number): void {
    for (let passed = 0; passed < ms; passed += FRAME_MS) {
      now += FRAME_MS
      tracker.inboundAdvanced(FRAME_MS, now)
    }
  }

  function speak(replyId: string, ms: number): void {
    tracker.received(replyId, ms)
    tracker.sent(replyId, ms, now)
  }

  return { tracker, pass, speak, heard: (replyId: string) => tracker.heardMs(replyId, now), now: () => now }
}

describe('PlaybackTracker', () => {
  it('takes sent audio for heard as carrier time passes over it', () => {
    const { pass, speak, heard } = createRig()
    speak('r', 1000)
    assert.equal(heard('r'), 0)
    pass(400)
    assert.equal(heard('r'), 400)
    pass(5000)
    assert.equal(heard('r'), 1000)
  })

  it('starts a piece when the one before it ends, and not before it was sent', () => {
    const { pass, speak, heard } = createRig()
    speak('r', 200)
    speak('r', 200)
    pass(600)
    assert.equal(heard('r'), 400)
    speak('r', 200)
    pass(100)
    assert.equal(heard('r'), 500)
  })

  it('believes a mark over its clock', () => {
    const { tracker, speak, heard } = createRig()
    speak('r', 1400)
    const mark = tracker.progressMark('r')
    assert.ok(mark)
    assert.deepEqual(tracker.markReturned(mark), { replyId: 'r', kind: 'progress' })
    assert.equal(heard('r'), 1400)
  })

  it('takes back nothing that a mark proved, when an earlier one comes after it', () => {
    const { tracker, speak, heard } = createRig()
    speak('r', 1000)
    const early = tracker.progressMark('r')
    speak('r', 1000)
    const late = tracker.progressMark('r')
    assert.ok(early && late)
    tracker.markReturned(late)
    tracker.markReturned(early)
    assert.equal(heard('r'), 2000)
  })

  it('places progress marks no denser than every second', () => {
    const { tracker, speak } = createRig()
    const placed = Array.from({ length: 250 }, () => {
      speak('r', FRAME_MS)
      return tracker.progressMark('r')
    }).filter((mark) => mark !== null)
    assert.equal(placed.length, 5)
    assert.equal(new Set(placed).size, 5)
  })

  it('has nothing left of a reply whose end mark came back', () => {
    const { tracker, speak, now } = createRig()
    speak('r', 400)
    tracker.finished('r')
    const mark = tracker.endMark('r')
    assert.equal(tracker.settled, false)
    assert.equal(tracker.audible(now()), true)
    tracker.markReturned(mark)
    assert.equal(tracker.settled, true)
    assert.equal(tracker.audible(now()), false)
    assert.equal(tracker.knows('r'), false)
  })

  it('forgets a mark that comes back twice, that a clear sends back, or that is not its own', () => {
    const { tracker, speak, now } = createRig()
    speak('r', 400)
    const [start, end] = [tracker.startMark('r'), tracker.endMark('r')]
    assert.deepEqual(tracker.markReturned(start), { replyId: 'r', kind: 'start' })
    assert.equal(tracker.markReturned(start), null)
    tracker.interrupt(now())
    assert.equal(tracker.markReturned(end), null)
    assert.equal(tracker.markReturned('somebody-1'), null)
  })

  it('tells at an interruption what was heard of each reply that was not heard whole', () => {
    const { tracker, pass, speak, now } = createRig()
    speak('done', 200)
    tracker.finished('done')
    speak('cut', 1000)
    tracker.received('cut', 500)
    speak('queued', 1000)
    pass(700)
    assert.deepEqual(tracker.interrupt(now()), [
      { replyId: 'cut', heardMs: 500, receivedMs: 1500 },
      { replyId: 'queued', heardMs: 0, receivedMs: 1000 }
    ])
    assert.deepEqual([tracker.settled, tracker.remainingMs(now())], [true, 0])
    assert.deepEqual(tracker.interrupt(now()), [])
  })

  it('plays what comes after a clear at once', () => {
    const { tracker, pass, speak, heard, now } = createRig()
    speak('r1', 60_000)
    pass(100)
    tracker.interrupt(now())
    speak('r2', 1000)
    pass(200)
    assert.equal(heard('r2'), 200)
  })

  it('is audible until the last of a finished reply was heard, and while more is to come', () => {
    const { tracker, pass, speak, now } = createRig()
    assert.equal(tracker.audible(now()), false)
    speak('r', 400)
    pass(600)
    assert.equal(tracker.audible(now()), true)
    tracker.finished('r')
    assert.equal(tracker.audible(now()), false)
    speak('r2', 400)
    tracker.finished('r2')
    pass(380)
    assert.equal(tracker.audible(now()), true)
    pass(40)
    assert.equal(tracker.audible(now()), false)
  })

  it('says how long it takes until all that was sent has been played', () => {
    const { tracker, pass, speak, now } = createRig()
    speak('r', 1000)
    pass(300)
    assert.equal(tracker.remainingMs(now()), 700)
  })
})

type Step =
  | { kind: 'pass'; ms: number; frames: number }
  | { kind: 'receive'; reply: string; ms: number }
  | { kind: 'send'; reply: string }
  | { kind: 'mark'; reply: string }
  | { kind: 'return' }
  | { kind: 'finish'; reply: string }

describe('PlaybackTracker, whatever comes in whatever order', () => {
  const reply = fc.constantFrom('r1', 'r2', 'r3')
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.record({
      kind: fc.constant('pass' as const),
      ms: fc.integer({ min: 0, max: 500 }),
      frames: fc.integer({ min: 0, max: 30 })
    }),
    fc.record({ kind: fc.constant('receive' as const), reply, ms: fc.integer({ min: 1, max: 3000 }) }),
    fc.record({ kind: fc.constant('send' as const), reply }),
    fc.record({ kind: fc.constant('mark' as const), reply }),
    fc.record({ kind: fc.constant('return' as const) }),
    fc.record({ kind: fc.constant('finish' as const), reply })
  )

  /** Runs the steps, and tells after each what was received, sent and heard of every reply. */
  function play(
    steps: readonly Step[],
    check: (
      tracker: PlaybackTracker,
      now: number,
      received: Map<string, number>,
      sent: Map<string, number>
    ) => void
  ): void {
    const tracker = new PlaybackTracker(0)
    const received = new Map<string, number>()
    const sent = new Map<string, number>()
    const marks: { name: string; reply: string; end: boolean }[] = []
    const over = new Set<string>()
    let now = 0
    for (const step of steps) {
      if ('reply' in step && over.has(step.reply)) continue
      if (step.kind === 'pass') {
        now += step.ms
        for (let frame = 0; frame < step.frames; frame++) tracker.inboundAdvanced(FRAME_MS, now)
      } else if (step.kind === 'receive') {
        tracker.received(step.reply, step.ms)
        received.set(step.reply, (received.get(step.reply) ?? 0) + step.ms)
      } else if (step.kind === 'send') {
        const ms = (received.get(step.reply) ?? 0) - (sent.get(step.reply) ?? 0)
        if (ms === 0) continue
        tracker.sent(step.reply, ms, now)
        sent.set(step.reply, (sent.get(step.reply) ?? 0) + ms)
      } else if (step.kind === 'mark') {
        if (!sent.has(step.reply)) continue
        const name = tracker.progressMark(step.reply)
        if (name) marks.push({ name, reply: step.reply, end: false })
      } else if (step.kind === 'finish') {
        if (!sent.has(step.reply) || sent.get(step.reply) !== received.get(step.reply)) continue
        tracker.finished(step.reply)
        marks.push({ name: tracker.endMark(step.reply), reply: step.reply, end: true })
        over.add(step.reply)
      } else {
        const mark = marks.shift()
        if (mark) tracker.markReturned(mark.name)
        if (mark?.end) for (const account of [received, sent]) account.delete(mark.reply)
      }
      check(tracker, now, received, sent)
    }
  }

  it('never takes more for heard than was sent, and never less than before', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const before = new Map<string, number>()
        play(steps, (tracker, now, _received, sent) => {
          for (const [replyId, sentMs] of sent) {
            const heardMs = tracker.heardMs(replyId, now)
            assert.ok(heardMs <= sentMs + 1e-6, `${heardMs} heard of ${sentMs} sent`)
            assert.ok(heardMs >= (before.get(replyId) ?? 0) - 1e-6, `${heardMs} after ${before.get(replyId)}`)
            before.set(replyId, heardMs)
          }
        })
      }),
      { numRuns: 500 }
    )
  })

  it('never tells at an interruption of more than was received', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let last: { tracker: PlaybackTracker; now: number; received: Map<string, number> } | null = null
        play(steps, (tracker, now, received) => {
          last = { tracker, now, received }
        })
        if (!last) return
        const { tracker, now, received } = last as {
          tracker: PlaybackTracker
          now: number
          received: Map<string, number>
        }
        for (const { replyId, heardMs, receivedMs } of tracker.interrupt(now)) {
          assert.equal(receivedMs, received.get(replyId))
          assert.ok(heardMs >= 0 && heardMs <= receivedMs, `${heardMs} heard of ${receivedMs}`)
        }
        assert.equal(tracker.audible(now), false)
        assert.equal(tracker.remainingMs(now), 0)
      })
    )
  })
})
