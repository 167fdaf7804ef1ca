/**
 * How well the embedded agent hears and how fast it speaks: `npx node bench/speech-bench.ts`.
 *
 * Sentences are spoken by its own voices, sent through 8 kHz mu-law and back, and recognised against a grammar that
 * knows half of them. A sentence counts as accepted from a confidence of `--accept` (0.3) on.
 */
import { parseArgs } from 'node:util'
import { createLocalSpeech, type LocalSpeech } from '../services/speech/local-speech.ts'
import { mix, overTelephoneWide } from '../test/services/speech/telephone.ts'
import { noiseLike } from '../test/support/speech-like.ts'
import { sine } from '../test/support/tone.ts'

const GRAMMAR = `#JSGF V1.0;
grammar bench;
public <utterance> = [hello | hi | please] (<book> | <hours> | <order> | <number> | yes [please] | no [thank you] | goodbye);
<book> = [i want to | i would like to | can i | i need to] (book | cancel | change) (an | my) appointment [for <day>] [at <digit> (a m | p m)];
<hours> = what are your (opening | business) hours | when are you open | are you open on <day>;
<order> = (do you have | i am looking for | how much is) (the | a | any) [red | blue | black] (shirt | shoes | jacket | laptop | charger);
<number> = [my number is] <digit>+;
<day> = today | tomorrow | monday | tuesday | wednesday | thursday | friday | saturday;
<digit> = one | two | three | four | five | six | seven | eight | nine | ten | zero | oh;
`
const KNOWN = [
  'yes please',
  'yes',
  'no',
  'no thank you',
  'goodbye',
  'seven',
  'hello i want to book an appointment for monday at nine a m',
  'can i cancel my appointment',
  'i need to change my appointment for thursday at three p m',
  'what are your opening hours',
  'when are you open',
  'are you open on saturday',
  'my number is two nine three four zero',
  'five five one two eight oh seven',
  'do you have any red shoes',
  'how much is the black laptop',
  'i am looking for a charger'
]
const UNKNOWN = [
  'the weather in london was rather gloomy yesterday',
  'my uncle repaired the old bicycle with rubber bands',
  'could you sing me a song about elephants',
  'hmm let me think about it for a moment',
  'wait a second the dog is barking',
  'i do not understand what you are saying',
  'let me speak to your manager right now',
  'where is my refund',
  'operator',
  'banana',
  'stop',
  'what',
  'maybe later',
  'chocolate cake with cream',
  'turn left at the next corner and park there',
  'quantum mechanics describes nature at small scales'
]
const VOICES = ['rms', 'slt'] as const
const STRETCHES = [1, 1.25]
const NOISE_DBFS = -45

interface Heard {
  readonly said: string
  readonly text: string
  readonly confidence: number
  /** Milliseconds of audio, and of waiting for the answer. */
  readonly audioMs: number
  readonly tookMs: number
}

const { values: options } = parseArgs({
  options: {
    accept: { type: 'string', default: '0.3' },
    verbose: { type: 'boolean', default: false }
  }
})

const acceptFrom = Number(options.accept)
const startedAt = performance.now()
const speech = await createLocalSpeech({ grammar: GRAMMAR })
console.log(`start ${Math.round(performance.now() - startedAt)} ms`)

await benchSynthesis(speech)
const heard: Heard[] = []
for (const voice of VOICES) heard.push(...(await benchVoice(speech, voice)))
await benchSounds(speech)
const audioMs = sum(heard.map((one) => one.audioMs))
console.log(`real-time factor ${(sum(heard.map((one) => one.tookMs)) / audioMs).toFixed(3)}`)
console.log(`per utterance    ${percentiles(heard.map((one) => one.tookMs))} ms`)
await speech.close()

async function benchSynthesis(speech: LocalSpeech): Promise<void> {
  const took: number[] = []
  let spokenMs = 0
  for (const voice of VOICES)
    for (const text of [...KNOWN, ...UNKNOWN]) {
      const at = performance.now()
      const pcm = await speech.synthesise(text, { voice })
      took.push(performance.now() - at)
      spokenMs += pcm.length / 16
    }
  console.log(
    `synthesis        ${percentiles(took)} ms a sentence, real-time factor ${(sum(took) / spokenMs).toFixed(3)}`
  )
}

async function benchVoice(speech: LocalSpeech, voice: (typeof VOICES)[number]): Promise<Heard[]> {
  const all: Heard[] = []
  for (const noisy of [false, true]) {
    const known = await hearAll(speech, KNOWN, voice, noisy)
    const unknown = await hearAll(speech, UNKNOWN, voice, noisy)
    const errors = sum(known.map(({ said, text }) => wordErrors(said, text)))
    const words = sum(known.map(({ said }) => said.split(' ').length))
    console.log(
      `${voice} ${noisy ? `noise at ${NOISE_DBFS} dBFS` : 'clean'}`.padEnd(24),
      `word errors ${percent(errors, words)} (a refused sentence counts as lost),`,
      `accepted of the grammar ${percent(accepted(known), known.length)}, of others ${percent(accepted(unknown), unknown.length)};`,
      `confidence ${percentiles(known.map((one) => one.confidence))} and ${percentiles(unknown.map((one) => one.confidence))}`
    )
    all.push(...known, ...unknown)
  }
  return all
}

async function hearAll(
  speech: LocalSpeech,
  sentences: readonly string[],
  voice: (typeof VOICES)[number],
  noisy: boolean
): Promise<Heard[]> {
  const all: Heard[] = []
  for (const stretch of STRETCHES)
    for (const said of sentences) {
      const clean = await speech.synthesise(said, { voice, stretch })
      const noise = noiseLike({ sampleRate: 16_000, ms: clean.length / 16, dbfs: NOISE_DBFS })
      all.push(await hear(speech, said, noisy ? mix(clean, noise) : clean))
    }
  return all
}

async function hear(speech: LocalSpeech, said: string, pcm: Int16Array): Promise<Heard> {
  const audio = overTelephoneWide(pcm)
  const at = performance.now()
  const { text, confidence } = await speech.recognise(audio)
  const tookMs = performance.now() - at
  if (options.verbose) console.log(`  ${confidence.toFixed(2)} ${said} -> ${text || '(nothing)'}`)
  return { said, text: confidence >= acceptFrom ? text : '', confidence, audioMs: audio.length / 16, tookMs }
}

async function benchSounds(speech: LocalSpeech): Promise<void> {
  const sounds: Record<string, Int16Array> = {
    'noise at -30 dBFS': noiseLike({ sampleRate: 16_000, ms: 1500, dbfs: -30 }),
    'noise at -15 dBFS': noiseLike({ sampleRate: 16_000, ms: 1500, dbfs: -15 }),
    'fax tone': sine({ frequencyHz: 2100, sampleRate: 16_000, ms: 1000 }),
    ringback: pair(440, 480),
    'key 5': pair(770, 1336),
    clicks: burst({ everyMs: 180, decayMs: 1 }),
    cough: burst({ everyMs: 900, decayMs: 90 }),
    babble: mix(
      await speech.synthesise(UNKNOWN[0], { voice: 'rms' }),
      await speech.synthesise(UNKNOWN[1], { voice: 'slt' })
    )
  }
  for (const [name, sound] of Object.entries(sounds)) {
    const { text, confidence } = await hear(speech, name, sound)
    console.log(
      name.padEnd(24),
      confidence < acceptFrom ? 'refused' : `TAKEN FOR "${text}" with ${confidence.toFixed(2)}`
    )
  }
}

function pair(lowHz: number, highHz: number): Int16Array {
  const tone = (frequencyHz: number) => sine({ frequencyHz, sampleRate: 16_000, ms: 1000, amplitude: 6000 })
  return mix(tone(lowHz), tone(highHz))
}

/** Bursts of noise that die away. */
function burst({ everyMs, decayMs }: { everyMs: number; decayMs: number }): Int16Array {
  const noise = noiseLike({ sampleRate: 16_000, ms: 1800, dbfs: -9 })
  return noise.map((sample, index) => sample * Math.exp(-((index / 16) % everyMs) / decayMs))
}

/** Words that would have to be put in, taken out or replaced (Levenshtein). */
function wordErrors(said: string, heard: string): number {
  const heardWords = heard.split(' ').filter(Boolean)
  let row = [0, ...heardWords.map((_, index) => index + 1)]
  for (const [index, word] of said.split(' ').entries()) {
    const next = [index + 1]
    for (const [at, other] of heardWords.entries())
      next.push(Math.min(row[at + 1] + 1, next[at] + 1, row[at] + (word === other ? 0 : 1)))
    row = next
  }
  return row.at(-1) ?? 0
}

function accepted(heard: readonly Heard[]): number {
  return heard.filter(({ confidence }) => confidence >= acceptFrom).length
}

function percent(part: number, whole: number): string {
  return `${((100 * part) / whole).toFixed(1)} %`
}

function percentiles(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))]
  const show = (value: number) => value.toFixed(value < 10 ? 2 : 0)
  return `p5 ${show(at(0.05))}, p50 ${show(at(0.5))}, p95 ${show(at(0.95))}`
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
