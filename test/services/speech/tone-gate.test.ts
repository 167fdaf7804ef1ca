import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { createVoice } from '../../../services/speech/local-speech.ts'
import { ToneGate } from '../../../services/speech/tone-gate.ts'
import { noiseLike } from '../../support/speech-like.ts'
import { sine } from '../../support/tone.ts'
import { mix, overTelephone } from './telephone.ts'

const DTMF_LOW_HZ = [697, 770, 852, 941]
const DTMF_HIGH_HZ = [1209, 1336, 1477, 1633]
const PROGRESS_HZ = [
  [440, 480],
  [350, 440],
  [480, 620]
]
const SINGLE_HZ = [425, 1004, 1100, 2100, 2225, 3000]

let speech: Int16Array
before(async () => {
  const voice = await createVoice()
  const spoken = await voice.synthesise('who are you and do you know who knew you knew too', { voice: 'slt' })
  speech = overTelephone(spoken)
  await voice.close()
})

/** Which of the 20 ms frames are tones, without the first and the last. */
function toneFrames(pcm: Int16Array): boolean[] {
  const gate = new ToneGate({ sampleRate: 8000 })
  const frames = Array.from({ length: Math.floor(pcm.length / 160) }, (_, i) =>
    pcm.subarray(i * 160, i * 160 + 160)
  )
  return frames.slice(1, -1).map((frame) => gate.isTone(frame))
}

function tones(frequenciesHz: readonly number[], amplitude = 5000): Int16Array {
  const parts = frequenciesHz.map((frequencyHz) =>
    sine({ frequencyHz, sampleRate: 16_000, ms: 203, amplitude })
  )
  return overTelephone(parts.reduce(mix))
}

describe('ToneGate', () => {
  const pairs = DTMF_LOW_HZ.flatMap((low) => DTMF_HIGH_HZ.map((high) => [low, high]))
  for (const frequenciesHz of [...pairs, ...PROGRESS_HZ, ...SINGLE_HZ.map((hz) => [hz])])
    it(`knows ${frequenciesHz.join(' + ')} Hz over mu-law, loud and soft`, () => {
      for (const amplitude of [300, 5000, 15_000])
        assert.ok(toneFrames(tones(frequenciesHz, amplitude)).every(Boolean), `amplitude ${amplitude}`)
    })

  it('takes no frame of vowels for a tone', () => {
    assert.equal(toneFrames(speech).filter(Boolean).length, 0)
  })

  it('takes neither noise nor silence for a tone', () => {
    assert.equal(toneFrames(noiseLike({ sampleRate: 8000, ms: 1000, dbfs: -20 })).filter(Boolean).length, 0)
    assert.equal(toneFrames(new Int16Array(8000)).filter(Boolean).length, 0)
  })
})
