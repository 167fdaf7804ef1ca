/** What the arithmetic on samples costs and what it does to them. Run alone: `npx node bench/audio-bench.ts`. */
import { performance } from 'node:perf_hooks'
import alawmulaw from 'alawmulaw'
import {
  type AudioFormat,
  bytesPerMs,
  formatName,
  PCM16_24K,
  PCMU_8K,
  type SampleRate
} from '../audio/format.ts'
import { decodeG711, encodeG711, type G711Law } from '../audio/g711.ts'
import { rms } from '../audio/level.ts'
import { Resampler } from '../audio/resample.ts'
import { SpeechMeter } from '../audio/speech-meter.ts'
import { createTranscoder } from '../audio/transcoder.ts'
import { noiseLike } from '../test/support/speech-like.ts'
import { fitTone, sine, toneSnrDb } from '../test/support/tone.ts'

const FRAME_MS = 20
const ROUNDS = 15
const FRAMES_PER_ROUND = 2000
const AMPLITUDE = 30_000
const PAIRS: [SampleRate, SampleRate][] = [
  [8000, 16000],
  [8000, 24000],
  [16000, 24000],
  [16000, 8000],
  [24000, 8000],
  [24000, 16000]
]

console.log(
  `Microseconds per frame of ${FRAME_MS} ms: median of ${ROUNDS} rounds of ${FRAMES_PER_ROUND} frames.\n`
)
console.log('G.711, own tables into memory used again, against the package alawmulaw')
console.table([...g711Rows('pcmu', alawmulaw.mulaw), ...g711Rows('pcma', alawmulaw.alaw)])
console.log('Resampler: cost')
console.table(PAIRS.map(([fromHz, toHz]) => resamplerCost(fromHz, toHz)))
console.log(
  'Resampler: what it does to tones (dB; passband to 85 %, stopband from 115 % of half the lower rate)'
)
console.table(PAIRS.map(([fromHz, toHz]) => resamplerQuality(fromHz, toHz)))
console.log('One direction of a call')
console.table([transcoderCost(PCMU_8K, PCM16_24K), transcoderCost(PCM16_24K, PCMU_8K), meterCost()])

function g711Rows(law: G711Law, theirs: typeof alawmulaw.mulaw) {
  const samples = noiseLike({ sampleRate: 8000, ms: FRAME_MS })
  const codes = theirs.encode(samples)
  const decoded = new Int16Array(samples.length)
  const encoded = new Uint8Array(samples.length)
  return [
    compared(
      `${law} encode`,
      () => encodeG711(law, samples, encoded),
      () => theirs.encode(samples)
    ),
    compared(
      `${law} decode`,
      () => decodeG711(law, codes, decoded),
      () => theirs.decode(codes)
    )
  ]
}

function compared(what: string, own: () => void, theirs: () => void) {
  const ownUs = microsecondsPerCall(own)
  const theirUs = microsecondsPerCall(theirs)
  return { what, own: round(ownUs, 2), alawmulaw: round(theirUs, 2), times: round(theirUs / ownUs, 1) }
}

function resamplerCost(fromHz: SampleRate, toHz: SampleRate) {
  const resampler = new Resampler(fromHz, toHz)
  const frame = noiseLike({ sampleRate: fromHz, ms: FRAME_MS })
  const us = microsecondsPerCall(() => resampler.push(frame))
  return { fromHz, toHz, us: round(us, 2), timesRealTime: Math.round((FRAME_MS * 1000) / us) }
}

function resamplerQuality(fromHz: SampleRate, toHz: SampleRate) {
  const lowerHz = Math.min(fromHz, toHz)
  const passband = tones(97, 0.425 * lowerHz)
  const gains = passband.map((hz) =>
    decibels(fitTone(resampled(hz, fromHz, toHz), toHz, hz).amplitude / AMPLITUDE)
  )
  const snrs = passband.map((hz) => toneSnrDb(resampled(hz, fromHz, toHz), toHz, hz))
  const aliases = tones(0.575 * lowerHz, fromHz / 2).map((hz) =>
    decibels(rms(resampled(hz, fromHz, toHz)) / (AMPLITUDE * Math.SQRT1_2))
  )
  return {
    fromHz,
    toHz,
    delayMs: new Resampler(fromHz, toHz).delayMs,
    ripple: round(Math.max(...gains) - Math.min(...gains), 3),
    snr997: round(toneSnrDb(resampled(997, fromHz, toHz), toHz, 997), 1),
    worstSnr: round(Math.min(...snrs), 1),
    worstAlias: aliases.length > 0 ? round(Math.max(...aliases), 1) : 'none going up'
  }
}

function transcoderCost(from: AudioFormat, to: AudioFormat) {
  const transcoder = createTranscoder(from, to)
  const payload = new Uint8Array(noiseLike({ sampleRate: from.sampleRate, ms: FRAME_MS }).buffer).slice(
    0,
    FRAME_MS * bytesPerMs(from)
  )
  const us = microsecondsPerCall(() => transcoder.push(payload))
  return { what: `${formatName(from)} to ${formatName(to)}`, us: round(us, 2) }
}

function meterCost() {
  const meter = new SpeechMeter(PCMU_8K)
  const payload = alawmulaw.mulaw.encode(noiseLike({ sampleRate: 8000, ms: FRAME_MS }))
  return {
    what: `speech meter on ${formatName(PCMU_8K)}`,
    us: round(
      microsecondsPerCall(() => meter.push(payload)),
      2
    )
  }
}

/** A second of tone without the filter's first 20 ms. */
function resampled(frequencyHz: number, fromHz: SampleRate, toHz: SampleRate): Int16Array {
  const tone = sine({ frequencyHz, sampleRate: fromHz, ms: 1000, amplitude: AMPLITUDE })
  return new Resampler(fromHz, toHz).push(tone).slice(toHz / 50)
}

/** Steps of 97 Hz, so that few tones are periodic in a frame. */
function tones(fromHz: number, belowHz: number): number[] {
  return Array.from({ length: Math.max(0, Math.ceil((belowHz - fromHz) / 97)) }, (_, i) => fromHz + 97 * i)
}

function microsecondsPerCall(work: () => void): number {
  const round = (): number => {
    const startedAt = performance.now()
    for (let i = 0; i < FRAMES_PER_ROUND; i++) work()
    return ((performance.now() - startedAt) * 1000) / FRAMES_PER_ROUND
  }
  round()
  const rounds = Array.from({ length: ROUNDS }, round).sort((a, b) => a - b)
  return rounds[Math.floor(ROUNDS / 2)]
}

function decibels(ratio: number): number {
  return 20 * Math.log10(ratio)
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits))
}
