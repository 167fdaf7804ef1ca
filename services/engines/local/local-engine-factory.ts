import { fileURLToPath } from 'node:url'
import type { Logger } from 'pino'
import type { AudioFormat } from '../../../audio/format.ts'
import type { AgentProfile, ToolSpec } from '../../../sessions/contracts/agent-profile.ts'
import type { Clock } from '../../../sessions/contracts/clock.ts'
import { splitClauses } from '../../speech/clauses.ts'
import { createLocalSpeech, type LocalSpeech } from '../../speech/local-speech.ts'
import {
  type DetectorChoice,
  loadSpeechClassifiers,
  type SpeechClassifiers
} from '../../speech/speech-classifiers.ts'
import { type DialogueScript, loadDialogue } from './dialogue-file.ts'
import { LocalEngine } from './local-engine.ts'
import { fillTemplate, templateNames } from './template.ts'

export interface LocalEnginesOptions {
  /** null: the receptionist that comes with Offhook. */
  readonly dialoguePath: string | null
  readonly clock: Clock
  readonly log: Logger
  /** What tells where a caller speaks; `auto` if not given. */
  readonly detector?: DetectorChoice
  /** The ears and the voice are started by the first call only: another engine is the default. */
  readonly idle?: boolean
}

/** The embedded agents of this process; they share one dialogue, one recogniser and one voice. */
export interface LocalEngines {
  /** `tools`: what the agent may call besides `end_call`, which every agent may. */
  create(profile: AgentProfile, format: AudioFormat, tools?: readonly ToolSpec[]): LocalEngine
  /** Resolves when calls can be answered; rejects when the ears or the voice can't be started. Not started while idle. */
  readonly ready: Promise<void>
  close(): Promise<void>
}

/** Rejects when the dialogue can't be used, and says every reason. */
export async function createLocalEngines(options: LocalEnginesOptions): Promise<LocalEngines> {
  const { clock, log } = options
  const path = options.dialoguePath ?? fileURLToPath(new URL('./receptionist.yaml', import.meta.url))
  const dialogue = await loadDialogue(path, { now: clock.now })
  const shared = new SharedSpeech(dialogue, log, options.detector ?? 'auto')
  if (!options.idle) void shared.start().catch(() => {})

  return {
    create(profile, format, tools) {
      const classifiers = shared.classifiers()
      classifiers.catch(() => {})
      return new LocalEngine({
        speech: shared,
        classifiers,
        dialogue,
        profile,
        format,
        tools: (tools ?? []).map(({ name }) => name),
        clock
      })
    },
    get ready() {
      return shared.start()
    },
    close: () => shared.close()
  }
}

/** The speech of the process, started once and when it is needed. */
class SharedSpeech implements LocalSpeech {
  readonly #dialogue: DialogueScript
  readonly #log: Logger
  readonly #detector: DetectorChoice
  #speech: Promise<{ speech: LocalSpeech; classifiers: SpeechClassifiers }> | null = null
  #running: LocalSpeech | null = null
  #closed = false

  constructor(dialogue: DialogueScript, log: Logger, detector: DetectorChoice) {
    this.#dialogue = dialogue
    this.#log = log
    this.#detector = detector
  }

  get busy(): boolean {
    return this.#running?.busy ?? false
  }

  async start(): Promise<void> {
    await this.#started()
  }

  async classifiers(): Promise<SpeechClassifiers> {
    return (await this.#started()).classifiers
  }

  async recognise(pcm: Int16Array) {
    return (await this.#started()).speech.recognise(pcm)
  }

  async synthesise(text: string, options: Parameters<LocalSpeech['synthesise']>[1]) {
    return (await this.#started()).speech.synthesise(text, options)
  }

  async close(): Promise<void> {
    this.#closed = true
    const started = await this.#speech?.catch(() => null)
    started?.classifiers.close()
    await started?.speech.close()
  }

  #started(): Promise<{ speech: LocalSpeech; classifiers: SpeechClassifiers }> {
    if (this.#closed) return Promise.reject(new Error('the embedded agent is closed'))
    this.#speech ??= this.#create()
    return this.#speech
  }

  async #create(): Promise<{ speech: LocalSpeech; classifiers: SpeechClassifiers }> {
    const { data, grammar } = this.#dialogue
    try {
      const classifiers = await loadSpeechClassifiers({ detector: this.#detector, log: this.#log })
      const speech = await createLocalSpeech({ grammar, pronunciations: data.pronunciations })
      this.#running = speech
      void this.#sayAhead(speech)
      return { speech, classifiers }
    } catch (error) {
      this.#log.error({ event: 'local_speech.failed', err: error }, 'The embedded agent cannot hear or speak')
      throw error
    }
  }

  /** What is said as it stands is made ahead, one clause at a time, so that a call waits for one clause at most. */
  async #sayAhead(speech: LocalSpeech): Promise<void> {
    for (const clause of fixedClauses(this.#dialogue)) {
      if (this.#closed) return
      await speech.synthesise(clause, { voice: 'rms' }).catch(() => null)
    }
  }
}

/** Clauses of the dialogue without anything in them that a caller gives. */
function fixedClauses({ data }: DialogueScript): string[] {
  const variants = [
    ...Object.values(data.intents).flatMap(({ say, confirm }) => [say, confirm]),
    ...Object.values(data.slots).map(({ ask }) => ask),
    ...Object.values(data.prompts)
  ]
  return variants
    .flatMap((texts) => texts ?? [])
    .filter((text) => templateNames(text).every((name) => data.facts[name] !== undefined))
    .flatMap((text) => splitClauses(fillTemplate(text, data.facts)))
}
