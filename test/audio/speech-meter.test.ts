import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type AudioFormat, PCM16_24K, PCMA_8K, PCMU_8K } from '../../audio/format.ts'
import { SpeechMeter } from '../../audio/speech-meter.ts'
import { createTranscoder } from '../../audio/transcoder.ts'
import { noiseLike, pcm16Bytes, speechLike } from '../support/speech-like.ts'
import { sine } from '../support/tone.ts'

const FORMATS: AudioFormat[] = [PCMU_8K, PCMA_8K, PCM16_24K]

describe('SpeechMeter', () => {
  it('hears a caller who speaks from the first frame on, in every format', () => {
    for (const format of FORMATS) {
      const { sampleRate } = format
      const heard = loudness(new SpeechMeter(format), format, speechLike({ sampleRate, ms: 500, dbfs: -25 }))
      assert.equal(heard[0], true)
      assert.ok(share(heard) > 0.5)
    }
  })

  it('hears the last of the speech within 100 ms of its end, over silence and over noise', () => {
    for (const noiseDbfs of [-90, -60, -50, -40]) {
      const meter = new SpeechMeter(PCM16_24K)
      const before = noiseLike({ sampleRate: 24000, ms: 5000, dbfs: noiseDbfs })
      const speech = speechLike({ sampleRate: 24000, ms: 2000, dbfs: -20 })
      const after = noiseLike({ sampleRate: 24000, ms: 1000, dbfs: noiseDbfs, seed: 2 })
      loudness(meter, PCM16_24K, before)
      const heard = [...loudness(meter, PCM16_24K, mix(speech, before)), ...loudness(meter, PCM16_24K, after)]
      const lastSpeechMs = (heard.lastIndexOf(true) + 1) * 20
      // The last syllable ends in 50 ms of pause.
      assert.ok(lastSpeechMs > 1850 && lastSpeechMs <= 2020, `${lastSpeechMs} ms over ${noiseDbfs} dBFS`)
    }
  })

  it('does not take silence, comfort noise or a far-off voice for speech', () => {
    const quiet = [
      new Int16Array(24000),
      noiseLike({ sampleRate: 24000, ms: 5000, dbfs: -50 }),
      speechLike({ sampleRate: 24000, ms: 5000, dbfs: -60 })
    ]
    for (const samples of quiet) {
      assert.equal(share(loudness(new SpeechMeter(PCM16_24K), PCM16_24K, samples)), 0)
    }
  })

  it('gets used to noise that sets in, within six seconds, and to its end at once', () => {
    const meter = new SpeechMeter(PCM16_24K)
    loudness(meter, PCM16_24K, noiseLike({ sampleRate: 24000, ms: 3000, dbfs: -70 }))
    const street = loudness(meter, PCM16_24K, noiseLike({ sampleRate: 24000, ms: 10_000, dbfs: -32 }))
    assert.equal(street[0], true)
    assert.ok(street.lastIndexOf(true) * 20 < 6000)
    assert.ok(Math.abs(meter.noiseFloorDbfs + 32) < 2)
    loudness(meter, PCM16_24K, new Int16Array(480))
    const quietVoice = loudness(meter, PCM16_24K, speechLike({ sampleRate: 24000, ms: 1000, dbfs: -35 }))
    assert.ok(share(quietVoice) > 0.5)
  })

  it('does not take noise that comes and goes by a few decibels for speech', () => {
    const meter = new SpeechMeter(PCMU_8K)
    const noise = noiseLike({ sampleRate: 8000, ms: 10_000, dbfs: -38 })
    const uneven = noise.map((sample, i) => (Math.floor(i / 400) % 2 === 0 ? sample : sample * 1.8))
    const heard = loudness(meter, PCMU_8K, uneven)
    assert.equal(share(heard.slice(heard.length / 2)), 0)
  })

  it('goes on hearing a caller who draws a sound out for five seconds', () => {
    const sound = sine({ frequencyHz: 300, sampleRate: 8000, ms: 5500, amplitude: 4600 })
    assert.equal(share(loudness(new SpeechMeter(PCMU_8K), PCMU_8K, sound)), 1)
  })

  it('goes on hearing a caller who talks for a minute', () => {
    const meter = new SpeechMeter(PCMU_8K)
    const heard = loudness(meter, PCMU_8K, speechLike({ sampleRate: 8000, ms: 60_000, dbfs: -25 }))
    const halves = [heard.slice(0, heard.length / 2), heard.slice(heard.length / 2)].map(share)
    assert.ok(halves[0] > 0.5 && halves[1] > 0.5, `${halves}`)
  })

  it('hears a word of 40 ms', () => {
    const meter = new SpeechMeter(PCMU_8K)
    loudness(meter, PCMU_8K, new Int16Array(8000))
    const word = sine({ frequencyHz: 300, sampleRate: 8000, ms: 40, amplitude: 3000 })
    assert.deepEqual(loudness(meter, PCMU_8K, word), [true, true])
    assert.deepEqual(loudness(meter, PCMU_8K, new Int16Array(320)), [false, false])
  })

  it('says no to an empty payload', () => {
    assert.equal(new SpeechMeter(PCMU_8K).push(new Uint8Array(0)), false)
  })
})

/** Frame by frame of 20 ms. */
function loudness(meter: SpeechMeter, format: AudioFormat, samples: Int16Array): boolean[] {
  const encoder = createTranscoder({ encoding: 'pcm16', sampleRate: format.sampleRate }, format)
  const frame = format.sampleRate / 50
  return Array.from({ length: samples.length / frame }, (_, i) =>
    meter.push(encoder.push(pcm16Bytes(samples.subarray(i * frame, (i + 1) * frame))))
  )
}

function share(heard: boolean[]): number {
  return heard.filter(Boolean).length / heard.length
}

function mix(a: Int16Array, b: Int16Array): Int16Array {
  return a.map((sample, i) => sample + b[i])
}
