import { readFile } from 'node:fs/promises'
import wavefile from 'wavefile'
import type { SampleRate } from '../../audio/format.ts'
import { Resampler } from '../../audio/resample.ts'
import { createVoice } from '../../services/speech/local-speech.ts'
import type { TurnRequest } from './options.ts'
import { PhoneError } from './phone-error.ts'

/** A turn that is ready to be taken: samples are PCM16 mono at the rate of the leg. */
export type CallerTurn =
  | { readonly kind: 'speak'; readonly label: string; readonly samples: Int16Array }
  | { readonly kind: 'dial'; readonly label: string; readonly digits: string }

/** The embedded voice speaks at this rate. */
const VOICE_RATE_HZ: SampleRate = 16_000
/** What a recording at any other rate is brought to first. */
const WIDE_RATE_HZ: SampleRate = 24_000
const KNOWN_RATES: readonly number[] = [8000, 16_000, 24_000] satisfies SampleRate[]

/** Speaks every sentence and reads every file, so that nothing has to be waited for in the call. */
export async function prepareTurns(
  requests: readonly TurnRequest[],
  sampleRate: SampleRate
): Promise<CallerTurn[]> {
  const voice = requests.some(({ kind }) => kind === 'say') ? await createVoice() : null
  try {
    return await Promise.all(
      requests.map(async (request): Promise<CallerTurn> => {
        if (request.kind === 'dial') return { ...request, label: `keys ${request.digits}` }
        if (request.kind === 'wav') return { kind: 'speak', ...(await readWav(request.path, sampleRate)) }
        // Not the agent's voice, so that a listener can tell them apart.
        const speech = await voice!.synthesise(request.text, { voice: 'slt' })
        const samples = resampled(speech, VOICE_RATE_HZ, sampleRate)
        return { kind: 'speak', label: `"${request.text}"`, samples }
      })
    )
  } finally {
    await voice?.close()
  }
}

/**
 * A WAV file of any encoding, rate and number of channels, mixed to mono.
 * @throws PhoneError where it can't be read.
 */
export async function readWav(
  path: string,
  sampleRate: SampleRate
): Promise<{ label: string; samples: Int16Array }> {
  try {
    const wav = new wavefile.WaveFile(await readFile(path))
    decode(wav)
    const { sampleRate: rate } = wav.fmt as { sampleRate: number }
    const known = KNOWN_RATES.includes(rate)
    if (!known) wav.toSampleRate(WIDE_RATE_HZ, { method: 'sinc' })
    const from = known ? (rate as SampleRate) : WIDE_RATE_HZ
    return { label: path, samples: resampled(mixed(wav), from, sampleRate) }
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause)
    throw new PhoneError(`--wav: expected a readable WAV file; ${path}: ${detail}`, { cause })
  }
}

/** To linear 16-bit samples, whatever the file holds. */
function decode(wav: wavefile.WaveFile): void {
  if (wav.bitDepth === '8a') wav.fromALaw('16')
  else if (wav.bitDepth === '8m') wav.fromMuLaw('16')
  else if (wav.bitDepth === '4') wav.fromIMAADPCM('16')
  else if (wav.bitDepth !== '16') wav.toBitDepth('16')
}

/** The mean of all channels. */
function mixed(wav: wavefile.WaveFile): Int16Array {
  const { numChannels } = wav.fmt as { numChannels: number }
  const interleaved = wav.getSamples(true)
  return Int16Array.from({ length: interleaved.length / numChannels }, (_, i) => {
    let sum = 0
    for (let channel = 0; channel < numChannels; channel++) sum += interleaved[i * numChannels + channel]
    return Math.round(sum / numChannels)
  })
}

function resampled(samples: Int16Array, from: SampleRate, to: SampleRate): Int16Array {
  if (from === to) return samples
  const resampler = new Resampler(from, to)
  const body = resampler.push(samples).slice()
  const tail = resampler.flush()
  const whole = new Int16Array(body.length + tail.length)
  whole.set(body)
  whole.set(tail, body.length)
  return whole
}
