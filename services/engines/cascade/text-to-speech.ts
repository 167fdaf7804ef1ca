import type { CallError } from '../../../sessions/errors.ts'

/** Where the audio of one speech goes, in the call's format. */
export interface SpeechListener {
  /** Whole samples, valid during the call only. */
  audio(payload: Uint8Array): void
  /** All text pushed so far has been voiced. */
  voiced(): void
  /** The end: everything has been voiced. Not after `cancel`. */
  done(): void
  /** The end: nothing more will come. Not after `cancel`. */
  failed(error: CallError): void
}

/** Something being said. */
export interface Speech {
  /** The next words, blanks included. */
  push(text: string): void
  /** No more words will come. */
  finish(): void
  /** Nothing more of it is wanted. */
  cancel(): void
}

/** A voice of a service. One speech at a time. Methods never throw. */
export interface TextToSpeech {
  /** Resolves when it can speak. Rejects with a CallError (ENGINE_CONNECT). */
  connect(signal: AbortSignal): Promise<void>
  begin(listener: SpeechListener): Speech
  close(): void
}

export interface TextToSpeechProvider {
  /** As it is billed: `deepgram`, `openai`. */
  readonly provider: string
  readonly model: string
  create(onTrouble: (code: string) => void): TextToSpeech
}
