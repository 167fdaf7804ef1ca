import createFvad, { type FvadModule } from '@echogarden/fvad-wasm'

/** The voice activity detector of WebRTC, as one stream of audio needs it: it adapts to the noise that it hears. */
export interface WebRtcVad {
  /** 10, 20 or 30 ms of PCM16 at 8, 16, 32 or 48 kHz. Throws a RangeError for another length or rate. */
  isSpeech(frame: Int16Array, sampleRate: number): boolean
  /** Frees its memory; idempotent. Not to be used afterwards. */
  close(): void
}

/** 0 to 3. At 3 a caller 20 dB below the usual level loses a third of the speech; at 1 noise begins to pass. */
const AGGRESSIVENESS = 2
const MAX_FRAME_SAMPLES = 48 * 30

/** Compiles the detector once for all calls; an instance costs a few hundred bytes. */
export async function loadWebRtcVad(): Promise<{ create(): WebRtcVad }> {
  const fvad = await createFvad()
  const frameAddress = fvad._malloc(MAX_FRAME_SAMPLES * 2)
  return { create: () => new FvadInstance(fvad, frameAddress) }
}

class FvadInstance implements WebRtcVad {
  readonly #fvad: FvadModule
  /** Shared by all instances: a frame lies there only during the call that puts it there. */
  readonly #frameAddress: number
  #handle: number
  #sampleRate = 8000

  constructor(fvad: FvadModule, frameAddress: number) {
    this.#fvad = fvad
    this.#frameAddress = frameAddress
    this.#handle = fvad._fvad_new()
    if (this.#handle === 0) throw new Error('no memory left for another speech detector')
    fvad._fvad_set_mode(this.#handle, AGGRESSIVENESS)
  }

  isSpeech(frame: Int16Array, sampleRate: number): boolean {
    const fvad = this.#fvad
    if (this.#handle === 0) throw new Error('the detector is closed')
    if (sampleRate !== this.#sampleRate) {
      if (fvad._fvad_set_sample_rate(this.#handle, sampleRate) !== 0)
        throw new RangeError(`the detector takes 8, 16, 32 or 48 kHz, not ${sampleRate} Hz`)
      this.#sampleRate = sampleRate
    }
    if (frame.length > MAX_FRAME_SAMPLES) throw new RangeError('the detector takes frames of 10, 20 or 30 ms')
    fvad.HEAP16.set(frame, this.#frameAddress >> 1)
    const decision = fvad._fvad_process(this.#handle, this.#frameAddress, frame.length)
    if (decision < 0) throw new RangeError('the detector takes frames of 10, 20 or 30 ms')
    return decision === 1
  }

  close(): void {
    if (this.#handle !== 0) this.#fvad._fvad_free(this.#handle)
    this.#handle = 0
  }
}
