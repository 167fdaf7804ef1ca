import type { LocalSpeech } from './local-speech.ts'

export interface CallerVoice {
  /** PCM16 mono at 16 kHz; rejects where the text is longer than a clause may be. */
  speak(text: string): Promise<Int16Array>
  close(): Promise<void>
}

/** The embedded voice for people who type what they would say to an agent. Not made before somebody does. */
export function createCallerVoice(): CallerVoice {
  let voice: Promise<Pick<LocalSpeech, 'synthesise' | 'close'>> | null = null

  return {
    async speak(text) {
      voice ??= import('./local-speech.ts').then(({ createVoice }) => createVoice())
      // Not the voice of the agent, so that a listener can tell them apart.
      return (await voice).synthesise(text, { voice: 'slt' })
    },
    async close() {
      const made = await voice?.catch(() => null)
      await made?.close()
    }
  }
}
