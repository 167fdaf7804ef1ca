import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import pino from 'pino'
import { createVoice, type LocalSpeech } from '../../../services/speech/local-speech.ts'
import type { SpeechClassifier } from '../../../services/speech/speech-classifier.ts'
import { loadSpeechClassifiers, type SpeechClassifiers } from '../../../services/speech/speech-classifiers.ts'
import {
  SpeechDetector,
  type SpeechDetectorOptions,
  type SpeechEdge
} from '../../../services/speech/speech-detector.ts'
import { noiseLike } from '../../support/speech-like.ts'
import { sine } from '../../support/tone.ts'
import { amplify, concat, mix, overTelephone } from './telephone.ts'

const FRAME_MS = 20
const LEAD_MS = 500
const SENTENCE = 'I would like to book an appointment for Monday please.'

interface HeardEdge extends SpeechEdge {
  /** Milliseconds of audio pushed when the event came. */
  readonly cameAtMs: number
}

const KINDS = ['webrtc', 'neural'] as const
type Kind = (typeof KINDS)[number]

/** What the classifiers take off the place of a beginning. */
const ONSET_LAG_MS: Record<Kind, number> = { webrtc: 0, neural: 80 }

const log = pino({ enabled: false })
const classifiers: Record<Kind, SpeechClassifiers> = {
  webrtc: await loadSpeechClassifiers({ detector: 'webrtc', log }),
  neural: await loadSpeechClassifiers({ detector: 'auto', log })
}
const skipped: Record<Kind, string | false> = {
  webrtc: false,
  neural: classifiers.neural.kind === 'neural' ? false : 'sherpa-onnx-node is not installed here'
}

let voice: Pick<LocalSpeech, 'synthesise' | 'close'>
before(async () => {
  voice = await createVoice()
})
after(async () => {
  classifiers.neural.close()
  await voice.close()
})

function listen(kind: Kind, pcm: Int16Array, options: Partial<SpeechDetectorOptions> = {}): HeardEdge[] {
  const sampleRate = options.sampleRate ?? 8000
  const classifier = options.classifier ?? classifiers[kind].create(sampleRate)
  const detector = new SpeechDetector({ ...options, sampleRate, classifier })
  const step = (sampleRate / 1000) * FRAME_MS
  const edges: HeardEdge[] = []
  for (let from = 0; from < pcm.length; from += step) {
    const edge = detector.push(pcm.subarray(from, from + step))
    if (edge) edges.push({ ...edge, cameAtMs: ((from + step) / sampleRate) * 1000 })
  }
  detector.close()
  return edges
}

function silence(ms: number): Int16Array {
  return new Int16Array(ms * 16)
}

/** At 16 kHz: half a second of silence, the sentence from its first sound to its last, and two seconds of silence. */
async function spoken(name: 'rms' | 'slt'): Promise<{ pcm: Int16Array; startMs: number; endMs: number }> {
  const pcm = await voice.synthesise(SENTENCE, { voice: name })
  const loud = (sample: number) => Math.abs(sample) > 600
  const speech = pcm.subarray(pcm.findIndex(loud), pcm.findLastIndex(loud) + 1)
  return {
    pcm: concat(silence(LEAD_MS), speech, silence(2000)),
    startMs: LEAD_MS,
    endMs: LEAD_MS + speech.length / 16
  }
}

function rms(pcm: Int16Array): number {
  return Math.sqrt(pcm.reduce((sum, sample) => sum + sample * sample, 0) / pcm.length)
}

const CONDITIONS: Record<string, (pcm: Int16Array) => Int16Array> = {
  'on a clean line': (pcm) => pcm,
  '20 dB more quietly': (pcm) => amplify(pcm, -20),
  'with white noise 10 dB below': (pcm) => {
    const speech = pcm.subarray(LEAD_MS * 16, pcm.length - 2000 * 16)
    const dbfs = 20 * Math.log10(rms(speech) / 32_768) - 10
    return mix(pcm, noiseLike({ sampleRate: 16_000, ms: pcm.length / 16, dbfs }))
  }
}

describe('SpeechDetector', () => {
  const deaf: SpeechClassifier = {
    onsetMs: 100,
    onsetLagMs: 0,
    endLagMs: 0,
    classify: () => 'other',
    close: () => {}
  }

  it('takes nothing for speech that its classifier refuses', async () => {
    const { pcm } = await spoken('rms')
    assert.deepEqual(listen('webrtc', overTelephone(pcm), { classifier: deaf }), [])
  })

  it('calls what stands out of silence and steady noise loud, and nothing else', async () => {
    const { pcm, startMs, endMs } = await spoken('rms')
    const noisy = concat(
      noiseLike({ sampleRate: 16_000, ms: 2000, dbfs: -40 }),
      mix(pcm, noiseLike({ sampleRate: 16_000, ms: pcm.length / 16, dbfs: -40 }))
    )
    const loudMs: number[] = []
    let frames = 0
    const classify = (_: Int16Array, loud: boolean) => {
      if (loud) loudMs.push(frames * FRAME_MS - 2000)
      frames++
      return 'other' as const
    }
    listen('webrtc', overTelephone(noisy), { classifier: { ...deaf, classify } })
    assert.ok(
      loudMs.every((at) => at >= startMs - FRAME_MS && at <= endMs),
      `${loudMs}`
    )
    assert.ok(loudMs.length * FRAME_MS > (endMs - startMs) / 2)
  })

  it('frees its classifier when it is closed', () => {
    let closed = 0
    listen('webrtc', new Int16Array(160), { classifier: { ...deaf, close: () => closed++ } })
    assert.equal(closed, 1)
  })

  it('takes the lags of its classifier off the places that it tells, and off the wait for the end', () => {
    const classify = (frame: Int16Array) => (frame[0] > 0 ? ('voiced' as const) : ('other' as const))
    const pcm = concat(new Int16Array(8000), new Int16Array(8000).fill(1000), new Int16Array(8000))
    const [start, stop] = listen('webrtc', pcm, {
      classifier: { ...deaf, onsetLagMs: 40, endLagMs: 60, classify }
    })
    assert.deepEqual(start, { type: 'start', atMs: 960, cameAtMs: 1100 })
    assert.deepEqual(stop, { type: 'stop', atMs: 1940, cameAtMs: 2540 })
  })
})

for (const kind of KINDS)
  describe(`SpeechDetector (${kind})`, { skip: skipped[kind] }, () => {
    for (const name of ['rms', 'slt'] as const)
      for (const [condition, change] of Object.entries(CONDITIONS))
        it(`finds where a caller (${name}) begins and ends ${condition}`, async () => {
          const { pcm, startMs, endMs } = await spoken(name)
          const [start, stop, ...others] = listen(kind, overTelephone(change(pcm)))
          assert.equal(start?.type, 'start')
          assert.ok(
            start.cameAtMs <= startMs + 200,
            `heard ${start.cameAtMs - startMs} ms after the first sound`
          )
          assert.ok(
            Math.abs(start.atMs - startMs) <= 140,
            `placed ${start.atMs - startMs} ms from the first sound`
          )
          assert.equal(stop?.type, 'stop')
          assert.ok(stop.cameAtMs <= endMs + 660, `heard ${stop.cameAtMs - endMs} ms after the last sound`)
          assert.ok(
            stop.atMs >= endMs - 240 && stop.atMs <= endMs + 60,
            `placed ${stop.atMs - endMs} ms from the end`
          )
          assert.deepEqual(others, [])
        })

    it('hears the same at 16 kHz', async () => {
      const { pcm, startMs } = await spoken('rms')
      const [start, stop] = listen(kind, pcm, { sampleRate: 16_000 })
      assert.ok(start && start.cameAtMs <= startMs + 200)
      assert.equal(stop?.type, 'stop')
    })

    it('takes samples in any portions', async () => {
      const { pcm } = await spoken('rms')
      const phone = overTelephone(pcm)
      const detector = new SpeechDetector({ sampleRate: 8000, classifier: classifiers[kind].create(8000) })
      const edges: SpeechEdge[] = []
      for (let from = 0, size = 1; from < phone.length; from += size, size = (size % 413) + 1) {
        const edge = detector.push(phone.subarray(from, from + size))
        if (edge) edges.push(edge)
      }
      assert.deepEqual(
        edges,
        listen(kind, phone).map(({ type, atMs }) => ({ type, atMs }))
      )
    })

    it('waits through a pause of 300 ms within a sentence', async () => {
      const first = await voice.synthesise('I would like', { voice: 'rms' })
      const second = await voice.synthesise('to book a table', { voice: 'rms' })
      const edges = listen(
        kind,
        overTelephone(concat(silence(300), first, silence(300), second, silence(1000)))
      )
      assert.deepEqual(
        edges.map(({ type }) => type),
        ['start', 'stop']
      )
    })

    it('follows an endpoint silence that is changed while it runs', async () => {
      const { pcm } = await spoken('rms')
      const phone = overTelephone(pcm)
      const detector = new SpeechDetector({ sampleRate: 8000, classifier: classifiers[kind].create(8000) })
      let stop: SpeechEdge | null = null
      let pushedMs = 0
      for (; pushedMs * 8 < phone.length && stop?.type !== 'stop'; pushedMs += FRAME_MS) {
        if (detector.speaking) detector.endpointSilenceMs = 1000
        stop = detector.push(phone.subarray(pushedMs * 8, (pushedMs + FRAME_MS) * 8))
      }
      assert.equal(pushedMs - (stop?.atMs ?? 0), 1000)
      assert.equal(detector.speaking, false)
    })

    for (const word of ['no', 'six', 'she', 'stop'])
      it(`hears a caller who says only "${word}"`, async () => {
        const pcm = await voice.synthesise(word, { voice: 'slt' })
        const edges = listen(kind, overTelephone(concat(silence(LEAD_MS), pcm, silence(1000))))
        assert.deepEqual(
          edges.map(({ type }) => type),
          ['start', 'stop']
        )
      })

    it('needs as much speech as it is told before it declares a beginning', async () => {
      const { pcm } = await spoken('slt')
      const phone = overTelephone(pcm)
      const [early] = listen(kind, phone, { onsetMs: 60 })
      const [late] = listen(kind, phone, { onsetMs: 300 })
      assert.ok(late.cameAtMs - early.cameAtMs >= 200)
      assert.ok(late.cameAtMs - late.atMs <= 360 + ONSET_LAG_MS[kind])
    })
  })

for (const kind of KINDS)
  describe(`SpeechDetector (${kind}), of sounds that are no speech`, { skip: skipped[kind] }, () => {
    const tone = (ms: number, ...frequenciesHz: number[]) =>
      frequenciesHz
        .map((frequencyHz) => sine({ frequencyHz, sampleRate: 16_000, ms, amplitude: 6000 }))
        .reduce(mix)
    const keys = [697, 770, 852, 941].flatMap((low) => [1209, 1336, 1477].map((high) => [low, high]))
    const swell = (pcm: Int16Array, gainAt: (second: number) => number) =>
      pcm.map((sample, index) => sample * gainAt(index / 16_000))
    const sounds: Record<string, Int16Array> = {
      silence: silence(5000),
      'all keys, pressed quickly': concat(...keys.map((pair) => concat(tone(85, ...pair), silence(70)))),
      'a key held down': concat(silence(110), tone(2000, 852, 1336), silence(500)),
      ringback: concat(silence(330), tone(2000, 440, 480), silence(1000), tone(2000, 440, 480)),
      'a dial tone': tone(3000, 350, 440),
      'a busy tone': concat(...Array.from({ length: 4 }, () => concat(tone(500, 480, 620), silence(500)))),
      'a fax machine': concat(
        ...Array.from({ length: 3 }, () => concat(tone(500, 1100), silence(300), tone(900, 2100)))
      ),
      'a test tone': tone(3000, 1004),
      clicks: Int16Array.from(
        { length: 5 * 16_000 },
        (_, i) => 20_000 * Math.exp(-(i % 2900) / 8) * (i % 2 ? 1 : -1)
      ),
      breath: swell(
        noiseLike({ sampleRate: 16_000, ms: 9000, dbfs: -32 }),
        (second) => Math.sin((Math.PI * second) / 3) ** 4
      ),
      rustling: swell(noiseLike({ sampleRate: 16_000, ms: 9000, dbfs: -28 }), (second) =>
        second % 2 < 0.5 ? 1 : 0.03
      ),
      'music on hold': concat(
        ...[
          [262, 330, 392],
          [220, 262, 330],
          [175, 220, 262],
          [196, 247, 294]
        ].map((chord) => swell(tone(700, ...chord, ...chord.map((note) => note * 2)), () => 0.4))
      ),
      'white noise at -50 dBFS': noiseLike({ sampleRate: 16_000, ms: 10_000, dbfs: -50 }),
      'white noise at -35 dBFS': noiseLike({ sampleRate: 16_000, ms: 10_000, dbfs: -35 }),
      'white noise at -20 dBFS': noiseLike({ sampleRate: 16_000, ms: 10_000, dbfs: -20 })
    }
    for (const [name, pcm] of Object.entries(sounds))
      it(`never starts at ${name}`, () => {
        assert.deepEqual(listen(kind, overTelephone(pcm)), [])
        assert.deepEqual(listen(kind, pcm, { sampleRate: 16_000 }), [])
      })

    it('still hears a caller after a tone', async () => {
      const { pcm } = await spoken('rms')
      const [start] = listen(kind, overTelephone(concat(tone(3000, 440, 480), pcm)))
      assert.ok(start && Math.abs(start.atMs - 3000 - LEAD_MS) <= 140)
    })
  })
