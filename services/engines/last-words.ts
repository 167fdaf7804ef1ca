import { type AudioFormat, PCM16_16K } from '../../audio/format.ts'
import { createTranscoder } from '../../audio/transcoder.ts'
import { splitClauses } from '../speech/clauses.ts'
import { createVoice } from '../speech/local-speech.ts'

type Voice = Awaited<ReturnType<typeof createVoice>>

/** A voice that needs no service and no network, started by the first call that has no other. English. */
export class LastWords {
  #voice: Promise<Voice> | null = null

  /** Rejects where there is no voice either. */
  async speak(text: string, format: AudioFormat): Promise<Uint8Array> {
    this.#voice ??= createVoice()
    const voice = await this.#voice
    const transcoder = createTranscoder(PCM16_16K, format)
    const pieces: Uint8Array[] = []
    for (const clause of splitClauses(text)) {
      const pcm = await voice.synthesise(clause, { voice: 'rms' })
      pieces.push(Buffer.from(transcoder.push(new Uint8Array(pcm.buffer, pcm.byteOffset, pcm.byteLength))))
    }
    pieces.push(Buffer.from(transcoder.flush()))
    return Buffer.concat(pieces)
  }

  async close(): Promise<void> {
    const voice = await this.#voice?.catch(() => null)
    await voice?.close()
  }
}
