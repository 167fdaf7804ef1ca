import { writeFileSync } from 'node:fs'
import wavefile from 'wavefile'
import type { DevCall } from './dev-call.ts'

/** The call as it was heard at the phone: caller left, agent right. Both legs of a call have the same rate. */
export function writeStereoWav(path: string, call: DevCall): void {
  const { spoken, heard } = call
  const length = Math.max(spoken.length, heard.length)
  const wav = new wavefile.WaveFile()
  wav.fromScratch(2, call.heardRateHz, '16', [padded(spoken, length), padded(heard, length)])
  writeFileSync(path, wav.toBuffer())
}

function padded(samples: Int16Array, length: number): Int16Array {
  const channel = new Int16Array(length)
  channel.set(samples)
  return channel
}
