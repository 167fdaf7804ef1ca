import { LRUCache } from 'lru-cache'
import type { RecogniserOptions } from './recogniser.ts'
import { SpeechThread } from './speech-thread.ts'
import type { VoiceRequest } from './voice.ts'

export interface Recognition {
  readonly text: string
  /** 0..1, 0 for garbage or silence. */
  readonly confidence: number
}

export interface SynthesisOptions {
  /** `rms`, a man, is the clearest over the telephone; `slt`, a woman, the more pleasant on wideband. */
  readonly voice: 'rms' | 'slt'
  /** 1 = normal, 1.3 = slower; from 0.5 to 3. */
  readonly stretch?: number
}

/** The ears and the voice of the embedded agent, shared by all calls of the process. */
export interface LocalSpeech {
  /** Whether an utterance is being recognised. */
  readonly busy: boolean
  /** One whole utterance, PCM16 mono 16 kHz, against the grammar given at creation. Never rejects for bad audio. */
  recognise(pcm: Int16Array): Promise<Recognition>
  /** One clause to PCM16 mono 16 kHz; cached by (text, options). Rejects when closed. The result is shared: don't write into it. */
  synthesise(text: string, options: SynthesisOptions): Promise<Int16Array>
  close(): Promise<void>
}

export interface LocalSpeechOptions {
  /** JSGF grammar text. Words that the dictionary lacks are added through `pronunciations` or fail the start with a message naming them. */
  readonly grammar: string
  /** Word to ARPAbet, for example `{ offhook: 'AO F HH UH K' }`. */
  readonly pronunciations?: Readonly<Record<string, string>>
}

/** 17 minutes of speech; a phrase of two seconds is 64 kB. */
const CACHE_BYTES = 32 * 1024 * 1024
const MAX_CLAUSE_CHARACTERS = 600
/** Turns of 100 calls that end at once wait 8 s; more than that is not a conversation any more. */
const MAX_WAITING = 100
/** 30 s of audio take the recogniser about 3 s, and the longest clause takes the voice one: ten times as much is a hang. */
const DEADLINE_MS = 30_000
/** What is recognised of a longer utterance. */
const MAX_UTTERANCE_SAMPLES = 30 * 16_000

export async function createLocalSpeech(options: LocalSpeechOptions): Promise<LocalSpeech> {
  const data: RecogniserOptions = { grammar: options.grammar, pronunciations: options.pronunciations ?? {} }
  const ears = new SpeechThread<Int16Array, Recognition>({
    name: 'the recogniser',
    module: new URL('./recogniser-thread.ts', import.meta.url),
    data,
    deadlineMs: DEADLINE_MS,
    maxWaiting: MAX_WAITING
  })
  const starting = await Promise.allSettled([createVoice(), ears.start()])
  const [voice] = starting
  const failure = starting.find((start) => start.status === 'rejected')
  const close = async () => {
    await Promise.all([ears.close(), voice.status === 'fulfilled' ? voice.value.close() : null])
  }
  if (voice.status === 'rejected' || failure) {
    await close()
    throw failure?.reason
  }
  return {
    get busy() {
      return ears.busy
    },
    recognise(pcm) {
      const copy = pcm.slice(0, MAX_UTTERANCE_SAMPLES)
      return ears.request(copy, [copy.buffer])
    },
    synthesise: voice.value.synthesise,
    close
  }
}

/** The voice alone. */
export async function createVoice(): Promise<Pick<LocalSpeech, 'synthesise' | 'close'>> {
  const thread = new SpeechThread<VoiceRequest, Int16Array>({
    name: 'the voice',
    module: new URL('./voice-thread.ts', import.meta.url),
    deadlineMs: DEADLINE_MS,
    maxWaiting: MAX_WAITING
  })
  const clauses = new LRUCache<string, Int16Array, VoiceRequest>({
    maxSize: CACHE_BYTES,
    sizeCalculation: (pcm) => Math.max(1, pcm.byteLength),
    fetchMethod: (_key, _stale, { context }) => thread.request(context),
    ignoreFetchAbort: true
  })
  let closed = false
  await thread.start()
  return {
    async synthesise(text, { voice, stretch = 1 }) {
      if (closed) throw new Error('the voice is closed')
      if (text.length > MAX_CLAUSE_CHARACTERS)
        throw new RangeError(`a clause has at most ${MAX_CLAUSE_CHARACTERS} characters`)
      const context = { text, voice, stretch: Math.min(3, Math.max(0.5, stretch)) }
      return clauses.forceFetch(`${voice}/${context.stretch}/${text}`, { context })
    },
    async close() {
      closed = true
      clauses.clear()
      await thread.close()
    }
  }
}
