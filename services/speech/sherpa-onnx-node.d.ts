declare module 'sherpa-onnx-node' {
  export interface VadConfig {
    sileroVad: {
      /** Path of the model. One that cannot be used ends the process. */
      model: string
      threshold: number
      /** Seconds; 0 stands for the default of 0.25. */
      minSpeechDuration: number
      /** Seconds; 0 stands for the default of 0.5. */
      minSilenceDuration: number
      /** Seconds after which it becomes harder to please. */
      maxSpeechDuration: number
      windowSize: 512
    }
    sampleRate: 16000
    numThreads: number
    debug: boolean
  }
  export class Vad {
    constructor(config: VadConfig, bufferSizeInSeconds: number)
    acceptWaveform(samples: Float32Array): void
    isDetected(): boolean
    /** Drops the finished segments. */
    clear(): void
    reset(): void
  }
  const sherpa: { Vad: typeof Vad }
  export default sherpa
}
