import { readFileSync } from 'node:fs'
import wavefile from 'wavefile'

export interface StereoWav {
  /** Hz. */
  readonly sampleRate: number
  readonly left: Int16Array
  readonly right: Int16Array
}

/** A stereo WAV as somebody else's reader takes it: by what its header says, and no further. */
export function readStereoWav(file: string | Uint8Array): StereoWav {
  const wav = new wavefile.WaveFile(typeof file === 'string' ? readFileSync(file) : file)
  const { numChannels, sampleRate, bitsPerSample } = wav.fmt as Record<string, number>
  if (numChannels !== 2 || bitsPerSample !== 16)
    throw new Error(`${numChannels} channels of ${bitsPerSample} bits`)
  const [left, right] = wav.getSamples(false, Int16Array) as unknown as [Int16Array, Int16Array]
  return { sampleRate, left, right }
}

/** Where sound begins after at least `quietMs` of silence, in ms. */
export function onsets(samples: Int16Array, sampleRate: number, quietMs = 500): number[] {
  const found: number[] = []
  let lastLoud = Number.NEGATIVE_INFINITY
  samples.forEach((sample, at) => {
    if (Math.abs(sample) < 200) return
    if (at - lastLoud > (quietMs * sampleRate) / 1000) found.push((at * 1000) / sampleRate)
    lastLoud = at
  })
  return found
}
