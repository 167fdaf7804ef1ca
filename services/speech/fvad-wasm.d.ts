declare module '@echogarden/fvad-wasm' {
  /** libfvad (the WebRTC detector) in C terms: handles and addresses are numbers. */
  export interface FvadModule {
    /** Moves to another buffer when the memory grows: read it anew for each use. */
    readonly HEAP16: Int16Array
    _malloc(bytes: number): number
    _free(address: number): void
    _fvad_new(): number
    _fvad_free(handle: number): void
    _fvad_reset(handle: number): void
    /** 0 (least eager to reject) to 3; -1 for another value. */
    _fvad_set_mode(handle: number, mode: number): number
    /** 8000, 16000, 32000 or 48000 Hz; -1 for another value. */
    _fvad_set_sample_rate(handle: number, sampleRate: number): number
    /** 10, 20 or 30 ms of samples: 1 for speech, 0 for none, -1 for a wrong length. */
    _fvad_process(handle: number, address: number, samples: number): number
  }
  export default function createFvad(): Promise<FvadModule>
}
