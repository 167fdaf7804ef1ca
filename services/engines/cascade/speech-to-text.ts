import type { CallError } from '../../../sessions/errors.ts'
import type { SpeechClassifiers } from '../../speech/speech-classifiers.ts'

/** What a speech-to-text service tells. An utterance is the caller's whole turn. */
export interface SpeechToTextListener {
  /** The service is there: it has answered some audio, be it with nothing. */
  answered(): void
  /** The caller speaks. May come again within an utterance. */
  started(): void
  /** Words of the utterance so far, not final. Never empty. */
  heard(text: string): void
  /** The utterance may be over, with these words; `resumed`, `heard` or `ended` follows. */
  maybeEnded(text: string): void
  /** It was not over. */
  resumed(): void
  /** The utterance is over. Empty: there were no words. */
  ended(text: string): void
  /** An error that was survived. */
  trouble(code: string): void
  /** The connection is gone. At most once; not after `close()`. */
  lost(error: CallError): void
}

/** A service that streams the caller's words, over one connection. Methods never throw. */
export interface SpeechToText {
  /** Resolves when audio is taken. Rejects with a CallError (ENGINE_CONNECT). */
  connect(signal: AbortSignal): Promise<void>
  /** Caller's audio in the format it was made for, faster than real time where it has piled up. */
  sendAudio(payload: Uint8Array): void
  close(): void
}

export interface SpeechToTextProvider {
  /** As it is billed: `deepgram`, `openai`. */
  readonly provider: string
  readonly model: string
  /** Whether words come while the caller still speaks. */
  readonly streams: boolean
  /** `classifiers`: what tells speech for those that find utterances here. */
  create(listener: SpeechToTextListener, classifiers: Pick<SpeechClassifiers, 'create'>): SpeechToText
}
