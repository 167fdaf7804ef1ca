import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Recording } from '../../../cli/phone/recording.ts'
import { measureResponses } from '../../../cli/phone/response-time.ts'

const RATE = 8000
type Span = readonly [fromMs: number, toMs: number]

function recorded(lengthMs: number, spans: { caller: readonly Span[]; agent: readonly Span[] }): Recording {
  const channel = (loud: readonly Span[]) => {
    const samples = new Int16Array(lengthMs * 8)
    for (const [from, to] of loud) samples.fill(4000, from * 8, to * 8)
    return samples
  }
  const recording = new Recording(RATE)
  recording.push(channel(spans.caller), channel(spans.agent))
  return recording
}

function utterance(fromMs: number, toMs: number) {
  return { start: fromMs * 8, end: toMs * 8 }
}

describe('response time at the phone', () => {
  it("runs from the caller's last audible sample to the agent's first, per utterance", () => {
    const recording = recorded(10_000, {
      caller: [
        [1000, 1800],
        [5000, 5500]
      ],
      agent: [
        [0, 500],
        [2600, 4000],
        [6750, 8000]
      ]
    })
    // The utterances end in silence, as spoken sentences do.
    assert.deepEqual(measureResponses(recording, [utterance(960, 2000), utterance(4960, 5700)]), [800, 1250])
  })

  it('is nothing where no reply came before the next utterance', () => {
    const recording = recorded(6000, {
      caller: [
        [1000, 1800],
        [3000, 3500]
      ],
      agent: [[4000, 5000]]
    })
    assert.deepEqual(measureResponses(recording, [utterance(1000, 1800), utterance(3000, 3500)]), [null, 500])
  })

  it('is nothing where the agent talked over the end of the utterance', () => {
    const recording = recorded(4000, { caller: [[1000, 1800]], agent: [[0, 3000]] })
    assert.deepEqual(measureResponses(recording, [utterance(1000, 1800)]), [null])
  })

  it('is measured for a barge-in that silenced the agent', () => {
    const recording = recorded(4000, {
      caller: [[1000, 1800]],
      agent: [
        [0, 1300],
        [2500, 3000]
      ]
    })
    assert.deepEqual(measureResponses(recording, [utterance(1000, 1800)]), [700])
  })
})
