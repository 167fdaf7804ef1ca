import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type AudioFormat, bytesPerMs, PCM16_16K, PCM16_24K, PCMA_8K, PCMU_8K } from '../../audio/format.ts'
import { createTranscoder } from '../../audio/transcoder.ts'
import { createVoice, type LocalSpeech } from '../../services/speech/local-speech.ts'
import { EchoGuard } from '../../sessions/echo-guard.ts'
import { noiseLike, pcm16Bytes } from '../support/speech-like.ts'

const SENTENCES = [
  'I would like to book an appointment for Monday please.',
  'We are open from nine to five on every weekday except Wednesday.',
  'Could you please tell me what your order number is?',
  'The quick brown fox jumps over the lazy dog.',
  'Thank you for calling, how can I help you today?',
  'No, wait, that is not what I meant.',
  'My number is two nine three four zero.',
  'I am sorry, I did not understand that.',
  'Hold on a second.',
  'All of our agents are busy right now.'
]
const CALL_MS = 2200
const RATE = 8000
const PCM16_8K: AudioFormat = { encoding: 'pcm16', sampleRate: 8000 }

interface Utterance {
  readonly sentence: string
  /** PCM16 at 8 kHz. */
  readonly pcm: Int16Array
}

interface Scene {
  readonly agent: Float64Array
  readonly caller: Float64Array
  /** When a detector has noticed the caller's side. */
  readonly askMs: number
}

let utterances: Utterance[]
let voice: Pick<LocalSpeech, 'synthesise' | 'close'>
before(async () => {
  voice = await createVoice()
  const spoken = SENTENCES.flatMap((sentence) =>
    (['rms', 'slt'] as const).flatMap((name) =>
      [1, 1.15].map(async (stretch) => ({
        sentence,
        pcm: narrow(await voice.synthesise(sentence, { voice: name, stretch }))
      }))
    )
  )
  utterances = await Promise.all(spoken)
})
after(() => voice.close())

/** The same numbers each time (Mulberry32), 0 to 1. */
function dice(seed: number) {
  let state = seed
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const between = (low: number, high: number) => low + next() * (high - low)
  return { between, pick: <T>(all: readonly T[]) => all[Math.floor(next() * all.length)] }
}

function narrow(pcm: Int16Array): Int16Array {
  const transcoder = createTranscoder(PCM16_16K, PCM16_8K)
  const bytes = Buffer.concat([transcoder.push(pcm16Bytes(pcm)).slice(), transcoder.flush().slice()])
  return new Int16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))
}

/** As long as the scene, this utterance from `atMs` on, without the silence at its beginning. */
function placed({ pcm }: Utterance, atMs: number, fromSample = pcm.findIndex((x) => Math.abs(x) > 600)) {
  const signal = new Float64Array((CALL_MS * RATE) / 1000)
  const at = Math.round((atMs * RATE) / 1000)
  signal.set(pcm.subarray(fromSample, fromSample + signal.length - at), at)
  return signal
}

/** RMS of what is not silence. */
function level(signal: Float64Array | Int16Array): number {
  let sum = 0
  let count = 0
  for (const sample of signal)
    if (Math.abs(sample) > 20) {
      sum += sample ** 2
      count++
    }
  return Math.sqrt(sum / count)
}

function scaledTo(signal: Float64Array, rms: number): Float64Array {
  const gain = rms / level(signal)
  return signal.map((sample) => sample * gain)
}

function add(...signals: ArrayLike<number>[]): Float64Array {
  return Float64Array.from(signals[0], (_, i) => signals.reduce((sum, signal) => sum + signal[i], 0))
}

function echoOf(agent: Float64Array, options: { delayMs: number; decibels: number; cutoffHz: number }) {
  const gain = 10 ** (-options.decibels / 20)
  const delay = Math.round((options.delayMs * RATE) / 1000)
  const weight = 1 - Math.exp((-2 * Math.PI * options.cutoffHz) / RATE)
  let low = 0
  return agent.map((_, i) => {
    low += weight * (gain * (agent[i - delay] ?? 0) - low)
    return low
  })
}

function lineNoise(seed: number): Int16Array {
  return noiseLike({ sampleRate: RATE, ms: CALL_MS, dbfs: -50, seed })
}

/** The agent in the middle of an utterance, and how it comes back. */
function speakerphone(seed: number) {
  const { between, pick } = dice(seed)
  const agent = pick(utterances)
  const played = placed(agent, 0, Math.floor(between(0, agent.pcm.length / 3)))
  const delayMs = between(60, 400)
  const echo = echoOf(played, { delayMs, decibels: between(6, 25), cutoffHz: between(1200, 3000) })
  const caller = pick(utterances.filter(({ sentence }) => sentence !== agent.sentence))
  return { between, played, echo, delayMs, caller }
}

/** Asked where the last 200 ms of the echo are as loud as a detector wants them to be. */
function echoScene(seed: number): Scene {
  const { between, played, echo, delayMs } = speakerphone(seed)
  let askMs = between(500 + delayMs, 1300)
  const loud = level(echo) / 2
  const recent = (ms: number) => echo.subarray((ms - 200) * (RATE / 1000), ms * (RATE / 1000))
  while (askMs < CALL_MS && level(recent(Math.floor(askMs))) < loud) askMs += 20
  return { agent: played, caller: add(echo, lineNoise(seed)), askMs }
}

function callerScene(seed: number, echoDecibels: number | null): Scene {
  const { between, played, echo, caller } = speakerphone(seed)
  const startMs = between(600, 1200)
  const askMs = startMs + between(150, 500)
  const own = placed(caller, startMs)
  if (echoDecibels === null) {
    const spoken = scaledTo(own, level(played) * 10 ** (between(-6, 6) / 20))
    return { agent: played, caller: add(spoken, lineNoise(seed)), askMs }
  }
  const spoken = scaledTo(own, level(echo) * 10 ** (echoDecibels / 20))
  return { agent: played, caller: add(spoken, echo, lineNoise(seed)), askMs }
}

function encoded(signal: Float64Array, format: AudioFormat): Uint8Array {
  const pcm = Int16Array.from(signal, (sample) => Math.max(-32_768, Math.min(32_767, Math.round(sample))))
  return createTranscoder(PCM16_8K, format).push(pcm16Bytes(pcm)).slice()
}

/** The agent's audio all at once, ahead of its time; the caller's frame by frame until the question. */
function ask({ agent, caller, askMs }: Scene, options: { format?: AudioFormat; fromMs?: number } = {}) {
  const { format = PCMU_8K, fromMs = 0 } = options
  const guard = new EchoGuard()
  guard.heard(encoded(agent, format), format, fromMs)
  const payload = encoded(caller, format)
  const frame = 20 * bytesPerMs(format)
  for (let ms = 0; ms < askMs; ms += 20) {
    const from = (ms / 20) * frame
    guard.caller(payload.subarray(from, from + frame), format, fromMs + ms)
  }
  return guard.suspected()
}

function suspectedOf(trials: number, scene: (seed: number) => Scene): number {
  return Array.from({ length: trials }, (_, seed) => ask(scene(seed + 1))).filter(Boolean).length
}

describe('EchoGuard', () => {
  it('recognises 95 of 100 echoes, 60 to 400 ms late, 6 to 25 dB down, dull and noisy', () => {
    const recognised = suspectedOf(300, echoScene)
    assert.ok(recognised >= 285, `${recognised} of 300`)
  })

  it('never takes a caller who speaks over the agent for an echo', () => {
    assert.equal(
      suspectedOf(400, (seed) => callerScene(seed, null)),
      0
    )
  })

  it('never takes a caller for an echo who has one 10 dB below him', () => {
    assert.equal(
      suspectedOf(400, (seed) => callerScene(seed, 10)),
      0
    )
  })

  for (const format of [PCMA_8K, PCM16_16K, PCM16_24K])
    it(`does the same for ${format.encoding} at ${format.sampleRate} Hz`, () => {
      const seeds = Array.from({ length: 20 }, (_, seed) => seed + 1)
      const echoes = seeds.filter((seed) => ask(echoScene(seed), { format }))
      assert.ok(echoes.length >= 18, `${echoes.length} of 20`)
      assert.deepEqual(
        seeds.filter((seed) => ask(callerScene(seed, null), { format })),
        []
      )
    })

  it('suspects nothing while the caller is silent, or the agent is', () => {
    const { agent, caller, askMs } = echoScene(2)
    const silence = new Float64Array(agent.length)
    assert.equal(ask({ agent, caller: silence, askMs }), false)
    assert.equal(ask({ agent: silence, caller, askMs }), false)
    assert.equal(new EchoGuard().suspected(), false)
  })

  it('hears that an echo has turned into a caller', () => {
    const { played, echo, caller } = speakerphone(3)
    const both = add(echo, scaledTo(placed(caller, 1000), level(echo) * 2), lineNoise(3))
    assert.equal(ask({ agent: played, caller: both, askMs: 980 }), true)
    assert.equal(ask({ agent: played, caller: both, askMs: 1200 }), false)
  })

  it('does the same an hour later, at an odd position', () => {
    for (const seed of [1, 2, 3, 4, 5, 6, 7, 8])
      assert.equal(ask(echoScene(seed), { fromMs: 3_600_013.7 }), ask(echoScene(seed)), `seed ${seed}`)
    assert.equal(ask(echoScene(2), { fromMs: 3_600_013.7 }), true)
  })

  it('has forgotten what was cleared before it was played', () => {
    const { agent, caller, askMs } = echoScene(2)
    const guard = new EchoGuard()
    guard.heard(encoded(agent, PCMU_8K), PCMU_8K, 0)
    guard.cleared(0)
    const payload = encoded(caller, PCMU_8K)
    for (let ms = 0; ms < askMs; ms += 20) guard.caller(payload.subarray(ms * 8, (ms + 20) * 8), PCMU_8K, ms)
    assert.equal(guard.suspected(), false)
  })
})
