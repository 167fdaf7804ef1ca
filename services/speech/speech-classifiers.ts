import type { Logger } from 'pino'
import { NeuralClassifier } from './neural-classifier.ts'
import { loadSileroVad, type SileroPool } from './silero-vad.ts'
import type { SpeechClassifier } from './speech-classifier.ts'
import { WebRtcClassifier } from './webrtc-classifier.ts'
import { loadWebRtcVad } from './webrtc-vad.ts'

/** `auto`: neural where it can be loaded. */
export type DetectorChoice = 'auto' | 'webrtc' | 'neural'

/** The speech classifiers of this process, shared by its calls. */
export interface SpeechClassifiers {
  /** What most calls get; where more of them come at once than the network is ready for, `webrtc` steps in. */
  readonly kind: 'webrtc' | 'neural'
  create(sampleRate: 8000 | 16000): SpeechClassifier
  close(): void
}

export interface SpeechClassifiersOptions {
  readonly detector: DetectorChoice
  readonly log: Logger
  /** How the neural one is loaded; Silero's if not given. */
  readonly loadNeural?: () => Promise<Pick<SileroPool, 'take' | 'close'>>
}

/** Rejects where `neural` is asked for and cannot be had. */
export async function loadSpeechClassifiers(options: SpeechClassifiersOptions): Promise<SpeechClassifiers> {
  const [webRtc, silero] = await Promise.all([loadWebRtcVad(), tryNeural(options)])
  return {
    kind: silero ? 'neural' : 'webrtc',
    create(sampleRate) {
      const vad = silero?.take()
      return vad
        ? new NeuralClassifier({ sampleRate, vad })
        : new WebRtcClassifier({ sampleRate, vad: webRtc.create() })
    },
    close: () => silero?.close()
  }
}

async function tryNeural(options: SpeechClassifiersOptions) {
  const { detector, loadNeural = loadSileroVad, log } = options
  if (detector === 'webrtc') return null
  try {
    return await loadNeural()
  } catch (error) {
    if (detector === 'neural') throw error
    log.info(
      { event: 'speech_detector.fallback', detector: 'webrtc', err: error },
      'No neural speech detector here: WebRTC stays in use'
    )
    return null
  }
}
