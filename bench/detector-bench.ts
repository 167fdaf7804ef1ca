/**
 * What it costs to know that a caller speaks, and that it is not the agent's echo: `npx node bench/detector-bench.ts`.
 *
 * Microseconds of the main thread, which all calls share; speech is that of the embedded voice over 8 kHz mu-law.
 */
import pino from 'pino'
import { type AudioFormat, PCM16_24K, PCMU_8K } from '../audio/format.ts'
import { createTranscoder } from '../audio/transcoder.ts'
import { createVoice } from '../services/speech/local-speech.ts'
import { loadSileroVad, SILERO_WINDOW_SAMPLES } from '../services/speech/silero-vad.ts'
import { loadSpeechClassifiers } from '../services/speech/speech-classifiers.ts'
import { SpeechDetector } from '../services/speech/speech-detector.ts'
import { EchoGuard } from '../sessions/echo-guard.ts'
import { concat, overTelephone, overTelephoneWide } from '../test/services/speech/telephone.ts'
import { noiseLike, pcm16Bytes } from '../test/support/speech-like.ts'

const FRAME_MS = 20
const SENTENCE = 'I would like to book an appointment for Monday please.'
const MEASURED_US = 300_000

const log = pino({ enabled: false })
const voice = await createVoice()
const spoken = await voice.synthesise(SENTENCE, { voice: 'rms' })
const answered = await voice.synthesise('What are your opening hours on Saturday?', { voice: 'slt' })
await voice.close()

console.log(`Detectors: microseconds per frame of ${FRAME_MS} ms at 8 kHz`)
console.table([await detectorRow('webrtc'), await detectorRow('auto')])
console.log(`Silero: microseconds per window of ${SILERO_WINDOW_SAMPLES / 16} ms, and per new instance`)
console.table([await sileroRow()])
console.log('Echo guard: microseconds per frame of 20 ms and direction, and per question')
console.table([guardRow('pcmu 8 kHz', PCMU_8K), guardRow('pcm16 24 kHz', PCM16_24K)])

async function detectorRow(detector: 'webrtc' | 'auto') {
  const classifiers = await loadSpeechClassifiers({ detector, log })
  const cost = (pcm: Int16Array) => {
    const speechDetector = new SpeechDetector({ sampleRate: 8000, classifier: classifiers.create(8000) })
    const frames = pieces(pcm, 160)
    const microseconds = cpuPerTask(frames, (frame) => speechDetector.push(frame))
    speechDetector.close()
    return microseconds
  }
  const row = {
    detector: classifiers.kind,
    speech: cost(overTelephone(spoken)),
    silence: cost(new Int16Array(16_000)),
    'noise at -40 dBFS': cost(noiseLike({ sampleRate: 8000, ms: 2000, dbfs: -40 }))
  }
  classifiers.close()
  return row
}

async function sileroRow() {
  const pool = await loadSileroVad().catch(() => null)
  const vad = pool?.take()
  if (!pool || !vad) return { silero: 'not installed here' }
  const pcm = Float32Array.from(overTelephoneWide(spoken), (sample) => sample / 32_768)
  const windows = pieces(pcm, SILERO_WINDOW_SAMPLES)
  const window = cpuPerTask(windows, (samples) => vad.isSpeech(samples))
  const instance = cpuPerTask([pool], () => pool.prepare())
  pool.close()
  return { window, 'new instance': instance }
}

function guardRow(name: string, format: AudioFormat) {
  const agent = encoded(overTelephone(concat(spoken, spoken)), format)
  const caller = encoded(overTelephone(concat(answered, answered)), format)
  const guard = new EchoGuard()
  const length = Math.min(agent.length, caller.length)
  let at = 0
  const next = () => {
    guard.heard(agent[at % length], format, at * FRAME_MS)
    guard.caller(caller[at % length], format, at * FRAME_MS)
    at++
  }
  const frame = rounded(cpuPerTask(agent, next) / 2)
  const question = cpuPerTask(agent, () => guard.suspected())
  return { format: name, frame, question }
}

function encoded(pcm: Int16Array, format: AudioFormat): Uint8Array[] {
  const transcoder = createTranscoder({ encoding: 'pcm16', sampleRate: 8000 }, format)
  return pieces(pcm, 160).map((frame) => transcoder.push(pcm16Bytes(frame)).slice())
}

function pieces<Samples extends Int16Array | Float32Array>(samples: Samples, length: number): Samples[] {
  return Array.from(
    { length: Math.floor(samples.length / length) },
    (_, i) => samples.subarray(i * length, (i + 1) * length) as Samples
  )
}

/** CPU time of this thread, which other work on the machine does not add to: microseconds. */
function cpuPerTask<Input>(inputs: readonly Input[], task: (input: Input) => unknown): number {
  const round = () => {
    for (const input of inputs) task(input)
  }
  round()
  const before = process.threadCpuUsage()
  let rounds = 0
  let spent = 0
  for (; spent < MEASURED_US; rounds++) {
    round()
    const { user, system } = process.threadCpuUsage(before)
    spent = user + system
  }
  return rounded(spent / (rounds * inputs.length))
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10
}
