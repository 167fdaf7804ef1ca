import { fileURLToPath } from 'node:url'
import createModule, { type Decoder, type Segment, type SoundSwallowerModule } from 'soundswallower'
import { grammarWords } from './grammar-words.ts'
import type { Recognition } from './local-speech.ts'
import { ToneGate } from './tone-gate.ts'

export interface RecogniserOptions {
  /** JSGF. */
  readonly grammar: string
  /** Word to ARPAbet, for what the dictionary doesn't have or says otherwise. */
  readonly pronunciations: Readonly<Record<string, string>>
}

const SAMPLE_RATE = 16_000
const FRAMES_PER_SECOND = 100
const MIN_UTTERANCE_SAMPLES = 0.15 * SAMPLE_RATE
const WINDOW_SAMPLES = SAMPLE_RATE / 50
/** Mean square at -50 dBFS: a caller whose loudest sounds are below is not talking to us. */
const SILENCE_ENERGY = 104 ** 2
/** The shortest words ("no", "oh") sound for 120 ms; clicks are shorter. */
const MIN_AUDIBLE_WINDOWS = 5
/**
 * Acoustic log-likelihood per frame of the words found, relative to the best of all 5000 sounds of the model in each
 * frame, in the decoder's scale; confidence is 0 at the first of these and 1 at the second. Over 8 kHz mu-law, people
 * who said a sentence of the grammar had -0.0028 to -0.0040, others -0.0066 to -0.0085; of synthetic voices, whose two
 * ranges meet, bench/speech-bench.ts tells. -0.0056, a confidence of 0.3, parts them best.
 */
const GARBAGE_SCORE = -0.0066
const CERTAIN_SCORE = -0.0032
/** Steady noise is one endless vowel or fricative to the model, with the best of scores. */
const LONGEST_WORD_SECONDS = 2

const NOTHING: Recognition = { text: '', confidence: 0 }

/**
 * Finds the sentence of a grammar in a whole utterance (SoundSwallower, a PocketSphinx in WebAssembly).
 *
 * A grammar always finds something, so what was found is held against what the model hears without any grammar:
 * `compallsen` scores all its sounds in each frame, which makes scores comparable between utterances and grammars.
 */
export class Recogniser {
  readonly #decoder: Decoder

  private constructor(decoder: Decoder) {
    this.#decoder = decoder
  }

  /** Rejects when the grammar can't be read or names words that the dictionary lacks. */
  static async load({ grammar, pronunciations }: RecogniserOptions): Promise<Recogniser> {
    let complaints = ''
    let loading = true
    const module = await createModule({
      modelBase: fileURLToPath(new URL('./model/', import.meta.resolve('soundswallower'))),
      printErr: (line: string) => {
        if (loading) complaints += `${line} `
      }
    } as Partial<SoundSwallowerModule>)
    // Its own default rate is 44.1 kHz.
    const decoder = new module.Decoder({ samprate: SAMPLE_RATE, compallsen: true, loglevel: 'ERROR' })
    await decoder.initialize()
    for (const [word, pronunciation] of Object.entries(pronunciations)) addWord(decoder, word, pronunciation)
    const missing = grammarWords(grammar).filter((word) => decoder.lookup_word(word) === null)
    if (missing.length > 0)
      throw new Error(
        `the dictionary lacks words of the grammar: ${missing.join(', ')}; give their pronunciations`
      )
    try {
      decoder.set_grammar(grammar)
    } catch (cause) {
      throw new Error(`the grammar can't be used: ${complaints || String(cause)}`, { cause })
    }
    loading = false
    return new Recogniser(decoder)
  }

  /** One utterance from its first word to its last, PCM16 mono 16 kHz. */
  recognise(pcm: Int16Array): Recognition {
    if (pcm.length < MIN_UTTERANCE_SAMPLES || audibleWindows(pcm) < MIN_AUDIBLE_WINDOWS) return NOTHING
    // Float32Array.from, which goes by an iterator, takes 6 ms for five seconds of speech.
    const samples = new Float32Array(pcm.length)
    for (let i = 0; i < samples.length; i++) samples[i] = pcm[i] / 32_768
    this.#decoder.start()
    try {
      this.#decoder.process_audio(samples, false, true)
    } finally {
      this.#decoder.stop()
    }
    const text = this.#decoder.get_text()
    if (!text) return NOTHING
    const confidence = confidenceOf(this.#decoder.get_alignment().w ?? [])
    return confidence > 0 ? { text, confidence } : NOTHING
  }
}

function addWord(decoder: Decoder, word: string, pronunciation: string): void {
  let name = word
  for (let variant = 2; decoder.lookup_word(name) !== null; variant++) name = `${word}(${variant})`
  decoder.add_words([name, pronunciation])
}

/** Windows of 20 ms that are neither silence nor a tone, which a grammar of short words takes for "yes". */
function audibleWindows(pcm: Int16Array): number {
  const toneGate = new ToneGate({ sampleRate: SAMPLE_RATE })
  let audible = 0
  for (let from = 0; from + WINDOW_SAMPLES <= pcm.length; from += WINDOW_SAMPLES) {
    const window = pcm.subarray(from, from + WINDOW_SAMPLES)
    const energy = window.reduce((sum, sample) => sum + sample * sample, 0) / WINDOW_SAMPLES
    if (energy > SILENCE_ENERGY && !toneGate.isTone(window)) audible++
  }
  return audible
}

/** `segments`: durations `d` in seconds, likelihoods `p` with three decimals; `<sil>`, `[NOISE]` and `(NULL)` are no words. */
function confidenceOf(segments: readonly Segment[]): number {
  const words = segments.filter(({ t }) => !/^[<[(]/.test(t))
  const frames = words.reduce((sum, { d }) => sum + d * FRAMES_PER_SECOND, 0)
  if (frames === 0 || words.some(({ d }) => d > LONGEST_WORD_SECONDS)) return 0
  const score = words.reduce((sum, { p }) => sum + Math.log(Math.max(p, 0.0005)), 0) / frames
  const confidence = (score - GARBAGE_SCORE) / (CERTAIN_SCORE - GARBAGE_SCORE)
  return Math.min(1, Math.max(0, confidence))
}
